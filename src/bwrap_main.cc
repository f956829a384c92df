// The drop-in for bubblewrap. An executable of its own, not a mode of immure: its callers execute
// it again by /proc/self/exe, and hand its one path to others.
#include <unistd.h>

#include <cstddef>
#include <span>

#include "commands/bwrap.h"

int main(int argc, char** argv) {
  // Not by return: what is still held needs no destructor, and every launch would wait for it.
  ::_exit(immure::bwrap(std::span<char*>(argv, static_cast<std::size_t>(argc))));
}
