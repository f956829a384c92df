// Attacks, each made with plain system calls: what an attacker's own program would do.
#pragma once

// argv[1] is the act, what follows are its arguments; argv is closed by a null pointer.
struct act {
  const char* name;
  const char* (*run)(char** argv);
};

// Each list is closed by a null name.
extern const struct act init_acts[];
extern const struct act privilege_acts[];
extern const struct act terminal_acts[];
extern const struct act file_acts[];
extern const struct act network_acts[];
extern const struct act kernel_acts[];
extern const struct act stdio_acts[];
extern const struct act flood_acts[];

// "ok", or the name of errno if `result` is negative.
const char* verdict(long result);

// argv[2], argv[3] …: empty, or 0, where it is not given.
const char* text_argument(char** argv, int index);
long number_argument(char** argv, int index);
