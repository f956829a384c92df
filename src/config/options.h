// THE table of options: the parser, --help and (later) the man pages and completions come from it.
// Pure, but for what it is given to read --args-fd with.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace immure {

enum class OptionId : std::uint8_t {
  profile,
  writable_cwd,
  allow_network,
  allow_args,
  allow,
  deny,
  ro,
  rw,
  dev,
  overlay,
  tmpfs,
  hide,
  env,
  unset_env,
  chdir,
  name,
  net_allow,
  set,
  unset,
  trace,
  hints,
  dry_run,
  as,
  why,
  diff,
  steps,
  seccomp,
  json,
  pure,
  status_fd,
  ready_fd,
  block_fd,
  args_fd,
  log_fd,
  quiet,
  verbose,
  color,
  log_format,
  no_project,
  project,
  yes,
  from,
  help,
  version,
};

// A set of places where an option may stand.
using OptionPlaces = std::uint8_t;
constexpr OptionPlaces at_front = 1;  // before the command's word
constexpr OptionPlaces at_run = 2;    // run and shell
constexpr OptionPlaces at_explain = 4;
constexpr OptionPlaces at_check = 8;
constexpr OptionPlaces at_trust = 32;
constexpr OptionPlaces at_profile = 64;
constexpr OptionPlaces at_other = 16;  // commands without options of their own

struct OptionRow {
  OptionId id;
  char letter;                // 0: has no short form
  std::string_view name;      // without the "--"
  std::string_view argument;  // as --help shows it; empty: takes none
  std::string_view help;
  OptionPlaces places;
  bool built = true;              // false: a usage error that says so, and not in --help
  std::string_view instead = {};  // of what is not built: what there is in its place; may be empty
};

std::span<const OptionRow> option_table();

// One option as it was given.
struct GivenOption {
  OptionId id = OptionId::help;
  std::string flag;   // as written: "--ro", "-e"
  std::string value;  // empty if it takes none
  bool operator==(const GivenOption&) const = default;
};

struct Arguments {
  std::vector<GivenOption> options;  // in the order given
  std::vector<std::string> rest;     // from the first word that is not an option
  bool after_dashes = false;         // "--" stood before `rest`
  std::size_t before_dashes = 0;     // or behind that many words of it
  bool operator==(const Arguments&) const = default;

  bool has(OptionId id) const;
};

// A mistake of the command line.
Error usage_error(std::string reason, std::string hint = {});

// Reads the words of `--args-fd FD`; `option` is that one. Takes the descriptor over.
using ReadWords = Result<std::vector<std::string>> (*)(const GivenOption& option);

// Options end at the first word that is not one, or at "--". "--opt VALUE", "--opt=VALUE", "-e N",
// "-eN" and "-qv" are understood. Errors: usage for what is not an option (with the likely one) or
// lacks its value, not_supported for one that this version does not have. After an error `before`
// (may be null) holds the options that stand in front of the mistake: how to report it is one.
// Options that `read_words` gives stand where --args-fd did; it is called for nothing else.
Result<Arguments> parse_arguments(std::span<char* const> args, OptionPlaces places,
                                  Arguments* before = nullptr, ReadWords read_words = nullptr);

// The options of these places, one or two lines each, for --help.
std::string describe_options(OptionPlaces places);

}  // namespace immure
