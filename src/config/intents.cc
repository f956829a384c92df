#include "config/intents.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "base/path.h"
#include "base/text.h"
#include "config/document_code.h"
#include "config/flag_layer.h"
#include "config/profile_file.h"
#include "config/reader.h"
#include "config/schema.h"
#include "spec/merge.h"

namespace immure {
namespace {

constexpr auto kOwnKeys =
    std::to_array<std::string_view>({"description", "default", "value", "items", "item", "part",
                                     "parts", "implies", "each", "turns", "unless"});

const Node* find(const Node& table, std::string_view key) {
  for (const Member& member : table.members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::string text_of(const Node& table, std::string_view key) {
  const Node* node = find(table, key);
  return node != nullptr && node->kind == Node::Kind::text ? node->text : std::string();
}

std::vector<std::string> texts_of(const Node& table, std::string_view key) {
  std::vector<std::string> texts;
  const Node* node = find(table, key);
  if (node == nullptr) return texts;
  for (const Node& item : node->items) texts.push_back(item.text);
  return texts;
}

// What the user allowed, or another intent brought along.
struct Wanted {
  std::string name;
  const IntentValue* value;
  const Origin* origin;
};

class Expander {
 public:
  Expander(const Allow& allow, bool cwd_is_keyed, const Circumstances& circumstances)
      : allow_(allow), cwd_is_keyed_(cwd_is_keyed), circumstances_(circumstances) {}

  std::variant<ExpandedIntents, Errors> run() {
    for (const auto& [name, setting] : allow_) {
      want({.name = name, .value = &*setting.value, .origin = &setting.origin});
    }
    // Grows while it is gone through: what an intent implies comes to its end.
    for (std::size_t next = 0; next != wanted_.size();) expand(wanted_[next++]);
    if (!errors_.empty()) return std::move(errors_);
    return std::move(out_);
  }

 private:
  void want(Wanted wanted) {
    if (known_.insert(wanted.name).second) wanted_.push_back(std::move(wanted));
  }

  void expand(const Wanted& wanted) {
    auto text = find_intent(wanted.name, directories_, circumstances_);
    if (!text.ok()) return fail(wanted, std::move(text.error()));
    auto parsed = text.value().code.empty()
                      ? parse_document(text.value().source)
                      : std::variant<Node, Errors>(decode_document(text.value().code));
    if (auto* errors = std::get_if<Errors>(&parsed)) {
      for (Error& error : *errors) errors_.push_back(std::move(error));
      return;
    }
    const Node& root = std::get<Node>(parsed);
    // Few say what it means that they are off.
    if (wanted.value->kind == IntentValue::Kind::off) {
      const Node* values = find(root, "value");
      if (values == nullptr || find(*values, "false") == nullptr) return;
    }
    if (text_of(root, "unless") == "cwd-private" && leaves_out_cwd()) return;
    out_.intents.push_back({.name = wanted.name, .description = text_of(root, "description")});
    Fragments fragments{*this, root, text.value(), wanted, out_.intents.back()};
    fragments.read();
  }

  void fail(const Wanted& wanted, Error error) {
    error.origin = *wanted.origin;
    errors_.push_back(std::move(error));
  }

  bool leaves_out_cwd() {
    if (!cwd_is_keyed_) return leave_out("the current directory", circumstances_.cwd);
    return true;
  }

  bool leave_out(const std::string& what, const std::string& path) {
    if (!circumstances_.why_private) return path.empty();
    const std::string why = circumstances_.why_private(path);
    if (why.empty()) return false;
    out_.notes.push_back(what + ' ' + why);
    return true;
  }

  // The parts of one data file that this value takes.
  struct Fragments {
    Expander& all;
    const Node& root;
    const ProfileText& text;
    const Wanted& wanted;
    ExpandedIntent& out;

    void read() {
      const IntentValue& value = *wanted.value;
      if (value.kind != IntentValue::Kind::off) read_table(root, all.circumstances_);
      std::vector<std::string> items;
      if (value.kind == IntentValue::Kind::items) {
        for (const SetItem& item : value.items.items) items.push_back(item.text);
        for (const std::string& item : items) out.value += (out.value.empty() ? "" : " ") + item;
        if (const Node* once = find(root, "items")) read_table(*once, all.circumstances_);
        return read_items(root, items);
      }
      std::string word =
          value.kind == IntentValue::Kind::word ? value.word : text_of(root, "default");
      if (word.empty()) word = "true";
      if (value.kind == IntentValue::Kind::off) word = "false";
      out.value = word;
      const Node* values = find(root, "value");
      const Node* chosen = values == nullptr ? nullptr : find(*values, word);
      if (chosen == nullptr && (values != nullptr || word != "true")) return no_such_value(word);
      if (text_of(root, "each") == "arguments") {
        items = all.existing_arguments();
        out.spec.lint.shows_arguments.set(value.kind != IntentValue::Kind::off, *wanted.origin);
      }
      imply(root);
      turn(text_of(chosen == nullptr ? root : *chosen, "turns"));
      if (chosen == nullptr) return read_items(root, items);
      imply(*chosen);
      read_table(*chosen, all.circumstances_);
      for (const std::string& part : texts_of(*chosen, "parts")) {
        const Node* parts = find(root, "part");
        if (const Node* shared = parts == nullptr ? nullptr : find(*parts, part)) {
          read_table(*shared, all.circumstances_);
        }
      }
      read_items(*chosen, items);
    }

    void no_such_value(const std::string& word) {
      std::string known;
      if (const Node* values = find(root, "value")) {
        for (const Member& member : values->members) {
          known +=
              (known.empty() ? "" : ", ") + (member.key == "true" ? "true" : quote(member.key));
        }
      }
      const bool names = find(root, "item") != nullptr;
      all.fail(wanted, {.code = Code::bad_enum,
                        .doing = "\"allow." + escape(wanted.name) + "\" can't be " +
                                 (word == "true" ? word : quote(word)),
                        .hint = names ? "write a list of names"
                                      : "write " + (known.empty() ? "true" : "one of " + known)});
    }

    void turn(std::string_view what) {
      if (what == "on setid") out.spec.hardening.setid_bits.set(true, *wanted.origin);
      if (what == "off jit") out.spec.hardening.jit.set(false, *wanted.origin);
    }

    void imply(const Node& table) {
      static const IntentValue on{.kind = IntentValue::Kind::on};
      for (const std::string& name : texts_of(table, "implies")) {
        all.want({.name = name, .value = &on, .origin = wanted.origin});
      }
    }

    void read_items(const Node& table, const std::vector<std::string>& items) {
      const Node* each = find(table, "item");
      if (each == nullptr || items.empty()) return;
      Circumstances circumstances = all.circumstances_;
      SandboxSpec mounts;  // of all items: each merge() goes through all mounts there are
      for (const std::string& item : items) {
        circumstances.item = item;
        SandboxSpec read = spec_of(*each, circumstances);
        std::ranges::move(read.mounts, std::back_inserter(mounts.mounts));
        read.mounts.clear();
        add(read);
      }
      add(mounts);
    }

    void read_table(const Node& table, const Circumstances& circumstances) {
      add(spec_of(table, circumstances));
    }

    SandboxSpec spec_of(const Node& table, const Circumstances& circumstances) {
      Reader reader(text.source, {}, text.directory, circumstances);
      reader.set_asked_by(*wanted.origin);
      ProfileLayer layer;
      read_keys(reader, table, layer, kOwnKeys);
      for (Error& error : reader.errors()) all.errors_.push_back(std::move(error));
      return std::move(layer.spec);
    }

    void add(const SandboxSpec& spec) {
      Errors ignored;  // only of removals, which an intent has none of
      merge(out.spec, spec, ignored);
    }
  };

  std::vector<std::string> existing_arguments() {
    std::vector<std::string> paths;
    for (const std::string& argument : circumstances_.arguments) {
      if (argument.empty() || argument.starts_with('-')) continue;
      const std::string plain = argument.starts_with('~') ? "./" + argument : argument;
      auto path = absolute_argument(plain, circumstances_, {});
      if (!path.ok() || ::access(path.value().c_str(), F_OK) != 0) continue;
      if (!leave_out("the argument " + quote(argument), path.value())) {
        paths.push_back(std::move(path.value()));
      }
    }
    return paths;
  }

  const Allow& allow_;
  bool cwd_is_keyed_;
  const Circumstances& circumstances_;
  std::vector<std::string> directories_ = intent_directories(circumstances_);
  std::deque<Wanted> wanted_;
  std::set<std::string, std::less<>> known_;
  ExpandedIntents out_;
  Errors errors_;
};

}  // namespace

std::variant<ExpandedIntents, Errors> expand_intents(const Allow& allow, bool cwd_is_keyed,
                                                     const Circumstances& circumstances) {
  if (auto error = silent_user_files(circumstances)) return Errors{std::move(*error)};
  return Expander(allow, cwd_is_keyed, circumstances).run();
}

}  // namespace immure
