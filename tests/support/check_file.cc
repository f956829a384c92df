#include "support/check_file.h"

#include <sstream>

#include "support/run.h"

namespace immure::test {
namespace {

constexpr char kNeeds[] = "# needs: ";
constexpr char kCheck[] = "=== check: ";
constexpr char kNoEffect[] = "=== no effect here: ";

// Where the lines that follow belong.
class Parser {
 public:
  explicit Parser(CheckFile& file) : file_(file) {}

  void line(const std::string& text) {
    if (text.starts_with("=== ")) return section(text);
    if (text.starts_with("--- ")) return part(text);
    if (into_ != nullptr) {
      *into_ += text + "\n";
    } else if (text.starts_with(kNeeds)) {
      std::istringstream words(text.substr(sizeof kNeeds - 1));
      for (std::string word; words >> word;) file_.needs.push_back(word);
    } else if (!text.empty() && !text.starts_with('#')) {
      mistake(text);
    }
  }

 private:
  void section(const std::string& text) {
    if (text == "=== setup") {
      into_ = &file_.setup;
    } else if (text.starts_with(kCheck)) {
      file_.checks.push_back(
          {.title = text.substr(sizeof kCheck - 1), .script = {}, .inside = {}, .outside = {}});
      into_ = &file_.checks.back().script;
    } else if (text.starts_with(kNoEffect)) {
      into_ = &file_.no_effect[text.substr(sizeof kNoEffect - 1)];
    } else {
      mistake(text);
    }
  }

  void part(const std::string& text) {
    if (file_.checks.empty()) return mistake(text);
    Check& check = file_.checks.back();
    if (text == "--- output") {
      into_ = &check.inside;
    } else if (text == "--- outside") {
      into_ = &check.outside.emplace();
    } else if (text == "--- outside, not run") {
      check.run_outside = false;
      into_ = nullptr;
    } else {
      mistake(text);
    }
  }

  void mistake(const std::string& text) {
    if (file_.mistake.empty()) file_.mistake = text;
  }

  CheckFile& file_;
  std::string* into_ = nullptr;
};

}  // namespace

CheckFile parse_check_file(const std::string& text) {
  CheckFile file;
  Parser parser(file);
  for (const std::string& line : lines(text)) parser.line(line);
  return file;
}

}  // namespace immure::test
