// What a static start needs nothing of. Before main() libc asks /proc where the program lies, for
// shared libraries that stand beside it ($ORIGIN in ld.so(8)): 18 us of every start, and a static
// program loads none. This takes the place of libc's function by having its name, with its answer
// for a place that is not known; a libc that calls it otherwise keeps its own.

extern "C" const char* _dl_get_origin();  // NOLINT(bugprone-reserved-identifier)

const char* _dl_get_origin() {               // NOLINT(bugprone-reserved-identifier)
  return reinterpret_cast<const char*>(-1);  // NOLINT: libc's own value
}
