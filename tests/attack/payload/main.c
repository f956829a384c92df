// Makes one attack and says what came of it: "ok" if it succeeded, else the name of errno or a
// word. Static, so that it runs in any sandbox, and outside of one as the control of the same test.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "payload.h"

static const struct act* const lists[] = {init_acts,    privilege_acts, terminal_acts, file_acts,
                                          network_acts, kernel_acts,    stdio_acts,    flood_acts};

const char* verdict(long result) { return result >= 0 ? "ok" : strerrorname_np(errno); }

const char* text_argument(char** argv, int index) {
  for (int i = 2; argv[i] != NULL; ++i) {
    if (i == index) return argv[i];
  }
  return "";
}

long number_argument(char** argv, int index) { return strtol(text_argument(argv, index), NULL, 0); }

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; ++i) {
    for (const struct act* act = lists[i]; act->name != NULL; ++act) {
      if (strcmp(argv[1], act->name) != 0) continue;
      printf("%s\n", act->run(argv));
      return 0;
    }
  }
  return 2;
}
