#include "commands/json_schema.h"

#include <csignal>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "commands/json.h"
#include "config/mount_entry.h"
#include "config/read_numbers.h"
#include "config/schema.h"
#include "spec/capability_names.h"

namespace immure {
namespace {

constexpr std::string_view kSize = "[0-9]+([KMGT](iB)?)?";
constexpr std::string_view kTime = "[0-9]+(ms|s|min|h|d)";
// Absolute, "~", or with a variable in front.
constexpr std::string_view kPath = "^(/|~$|~/|\\$)";
constexpr std::int64_t kMostDescriptors = 1'048'575;
constexpr std::int64_t kMostPorts = 65'535;
constexpr std::int64_t kMostSignals = 64;

Json text() { return Json{{"type", "string"}}; }

Json matching(std::string_view pattern) {
  return Json{{"type", "string"}, {"pattern", std::string(pattern)}};
}

Json whole(std::string_view pattern) { return matching("^(" + std::string(pattern) + ")$"); }

Json not_empty() { return Json{{"type", "string"}, {"minLength", 1}}; }

// The texts that spec/check.h takes for these keys; all others take any.
Json text_of(std::string_view key) {
  if (key == "process.sched") return whole("other|batch|idle|(fifo|rr):0*[1-9][0-9]?");
  if (key == "process.io_priority") return whole("idle|(best-effort|realtime):0*[0-7]");
  if (key == "state.name") return matching("^[^./\\n][^/\\n]{0,127}$");
  if (key == "process.selinux" || key == "process.apparmor") return matching("^[^\\n]{1,1024}$");
  return text();
}

Json integer(std::int64_t low, std::int64_t high) {
  Json value{{"type", "integer"}};
  if (low != INT64_MIN) value["minimum"] = low;
  if (high != INT64_MAX) value["maximum"] = high;
  return value;
}

Json any_of(Json a, Json b) { return Json{{"anyOf", Json::array({std::move(a), std::move(b)})}}; }

Json array_of(Json item, int least = 0) {
  Json value{{"type", "array"}, {"items", std::move(item)}};
  if (least > 0) value["minItems"] = least;
  return value;
}

std::string alternatives(const Json& words) {
  std::string pattern;
  for (const Json& word : words) {
    if (!pattern.empty()) pattern += '|';
    pattern += word.get<std::string>();
  }
  return pattern;
}

// The texts among the words. One that ends in ':' stands for all that begin with it.
Json word_texts(std::span<const Word> words) {
  Json texts = Json::array();
  for (const Word& word : words) {
    if (word.value >= 0 && !word.boolean && !word.word.ends_with(':')) texts.push_back(word.word);
  }
  return texts;
}

Json choice(std::span<const Word> words) {
  Json known = word_texts(words);
  std::string fronts;
  for (const Word& word : words) {
    if (word.value < 0) continue;
    if (word.boolean) known.push_back(word.word == "true");
    if (!word.boolean && word.word.ends_with(':')) {
      fronts += (fronts.empty() ? "" : "|") + std::string(word.word);
    }
  }
  Json value{{"enum", std::move(known)}};
  return fronts.empty() ? value : any_of(std::move(value), matching("^(" + fronts + ")"));
}

// A set of these words, or of any: "!word" and "!*" take away what is inherited.
Json set_of(const Json& words) {
  if (words.empty()) return array_of(not_empty());
  return array_of(any_of(Json{{"enum", words}}, whole("!(\\*|" + alternatives(words) + ")")));
}

// One of the words or several, with commas or as a list.
Json rights(std::span<const Word> words) {
  const Json texts = word_texts(words);
  const std::string one = "(" + alternatives(texts) + ")";
  return any_of(whole(one + "( *, *" + one + ")*"), array_of(Json{{"enum", texts}}, 1));
}

Json capabilities() {
  Json names = Json::array({"ALL"});
  for (const std::string_view name : capability_names()) names.push_back(name);
  return set_of(names);
}

Json signal_name() {
  Json names = Json::array();
  for (int number = 1; number < NSIG; ++number) {
    if (const char* name = ::sigabbrev_np(number)) names.push_back(name);
  }
  const std::string long_form =
      "SIG(" + alternatives(names) + ")|(SIG)?0*([1-9]|[1-5][0-9]|6[0-4])";
  return Json{
      {"anyOf", Json::array({Json{{"enum", names}}, whole(long_form), integer(1, kMostSignals)})}};
}

Json mode(std::int64_t high) {
  return any_of(integer(0, high == INT64_MAX ? 07777 : high), whole("0o[0-7]+|0[0-7]*"));
}

Json limit(std::string_view key) {
  const std::string number(is_time_limit(key) ? kTime : kSize);
  const Json count = any_of(integer(0, INT64_MAX), whole(number + "|unlimited"));
  const Json both{{"type", "object"},
                  {"properties", Json{{"soft", count}, {"hard", count}}},
                  {"required", Json::array({"soft", "hard"})},
                  {"additionalProperties", false}};
  return Json{{"anyOf", Json::array({Json{{"enum", Json::array({"inherit", "hard", "unlimited"})}},
                                     integer(0, INT64_MAX), whole(number), both})}};
}

Json id_map() {
  constexpr std::int64_t last_id = 4'294'967'294;
  const Json id = integer(0, last_id);
  const Json range{
      {"type", "object"},
      {"properties", Json{{"inside", id}, {"outside", id}, {"count", integer(1, last_id + 1)}}},
      {"required", Json::array({"inside", "outside"})},
      {"additionalProperties", false}};
  return any_of(Json{{"enum", Json::array({"subid"})}}, array_of(range, 1));
}

Json call_rule() {
  return Json{{"type", "object"},
              {"properties", Json{{"syscalls", array_of(not_empty(), 1)},
                                  {"action", whole("allow|kill|trap|log|errno:E[A-Z0-9]+")},
                                  {"args", array_of(not_empty())},
                                  {"arch", array_of(not_empty())}}},
              {"required", Json::array({"syscalls", "action"})},
              {"additionalProperties", false}};
}

// "ACCESS[?][,OPTION…]"
Json mount_text() {
  std::string access;
  for (const std::string_view word : kAccessWords) {
    access += (access.empty() ? "" : "|") + std::string(word);
  }
  std::string options;
  for (const std::string_view option : kMountOptions) {
    options += (options.empty() ? "" : "|") + std::string(option);
    if (option == "size") options += "=" + std::string(kSize);
    if (option == "mode") options += "=(0o)?[0-7]+";
  }
  return matching("^(" + access + ")[?]?(,(" + options + "))*$");
}

Json table(std::string_view key);

Json value_of(const SchemaRow& row) {
  switch (row.type) {
    case ValueType::table:
      return table(row.key);
    case ValueType::boolean:
      return Json{{"type", "boolean"}};
    case ValueType::integer:
      return integer(row.low, row.high);
    case ValueType::text:
    case ValueType::expanded:
      return text_of(row.key);
    case ValueType::path: {
      const Json words = word_texts(row.words);
      return words.empty() ? matching(kPath) : any_of(Json{{"enum", words}}, matching(kPath));
    }
    case ValueType::paths:
      return array_of(matching(kPath), 1);
    case ValueType::redirect:
      return any_of(Json{{"enum", Json::array({"inherit", "null"})}}, matching(kPath));
    case ValueType::size:
      return any_of(integer(0, INT64_MAX), whole(kSize));
    case ValueType::time:
      return any_of(integer(0, INT64_MAX), whole(kTime));
    case ValueType::signed_time:
      return any_of(integer(INT64_MIN, INT64_MAX), whole("[+-]?" + std::string(kTime)));
    case ValueType::mode:
      return mode(row.high);
    case ValueType::limit:
      return limit(row.key);
    case ValueType::choice:
    case ValueType::namespaced:
      return choice(row.words);
    case ValueType::rules:
      return array_of(call_rule());
    case ValueType::id_map:
      return id_map();
    case ValueType::signal:
      return signal_name();
    case ValueType::processors:
      return whole("[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*");
    case ValueType::texts:
    case ValueType::profiles:
      return array_of(text());
    case ValueType::set:
      return set_of(word_texts(row.words));
    case ValueType::descriptors:
      return array_of(any_of(integer(0, kMostDescriptors), matching("^!.")));
    case ValueType::ports:
      return array_of(any_of(integer(0, kMostPorts), matching("^!.")));
    case ValueType::rights:
      return rights(row.words);
    case ValueType::calls:
      return set_of(Json::array());
    case ValueType::capabilities:
      return capabilities();
    case ValueType::mount:
      return any_of(mount_text(), table(row.key));
    case ValueType::variable:
      return Json{{"anyOf", Json::array({text(), Json{{"type", "boolean"}}, table(row.key)})}};
    case ValueType::intent:
      if (!row.words.empty()) return choice(row.words);
      [[fallthrough]];  // one of another package, whose words are not known
    case ValueType::intent_set:
      return Json{
          {"anyOf", Json::array({not_empty(), Json{{"type", "boolean"}}, set_of(Json::array())})}};
    case ValueType::any:
      break;
  }
  return Json::object();
}

Json described(const SchemaRow& row) {
  Json value{{"description", row.doc}};
  if (!row.fallback.empty()) {
    value["description"] = std::string(row.doc) + " Default: " + std::string(row.fallback) + ".";
  }
  value.update(value_of(row));
  return value;
}

// The keys of a table: those rows whose key is that of the table and one part more.
Json table(std::string_view key) {
  Json properties = Json::object();
  Json others = false;
  std::string pattern;  // of the other keys, where not all are allowed
  std::string later;    // known, and not in this version
  for (const SchemaRow& row : schema()) {
    std::string_view rest = row.key;
    if (!rest.starts_with(key)) continue;
    rest.remove_prefix(key.size());
    if (!key.empty()) {
      if (!rest.starts_with('.')) continue;
      rest.remove_prefix(1);
    }
    if (rest.empty() || rest.find('.') != std::string_view::npos) continue;
    if (!row.built()) {
      later += (later.empty() ? "" : "|") + std::string(rest);
    } else if (rest == "*") {
      others = described(row);
      if (row.type == ValueType::mount || row.type == ValueType::rights) pattern = kPath;
    } else {
      properties[std::string(rest)] = described(row);
    }
  }
  Json value{{"type", "object"}};
  if (!properties.empty()) value["properties"] = std::move(properties);
  if (others != false && !later.empty()) pattern = "^(?!(" + later + ")$)";
  if (!pattern.empty()) {
    value["patternProperties"] = Json{{pattern, std::move(others)}};
    others = false;
  }
  value["additionalProperties"] = std::move(others);
  return value;
}

}  // namespace

std::string profile_json_schema() {
  Json value{{"$schema", "http://json-schema.org/draft-04/schema#"},
             {"title", "Profile of immure"},
             {"description", "What a program may see in its sandbox: immure-profile(5)."}};
  value.update(table(""));
  return value.dump(2, ' ', true) + '\n';
}

}  // namespace immure
