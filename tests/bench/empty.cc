// A static C++ program that does nothing: what `immure version` is compared with.
#include <string>

int main(int argc, char** argv) { return std::string(argv[argc - 1]).empty() ? 1 : 0; }
