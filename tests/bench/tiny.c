// The payload of the benchmarks: starts and ends.
int main(void) { return 0; }
