#include "config/document_code.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace immure {
namespace {

void expect_same(const Node& a, const Node& b) {
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.place.line, b.place.line);
  EXPECT_EQ(a.place.column, b.place.column);
  EXPECT_EQ(a.quotes, b.quotes);
  EXPECT_EQ(a.boolean, b.boolean);
  EXPECT_EQ(a.octal, b.octal);
  EXPECT_EQ(a.number, b.number);
  EXPECT_EQ(a.text, b.text);
  ASSERT_EQ(a.items.size(), b.items.size());
  for (std::size_t i = 0; i < a.items.size(); ++i) expect_same(a.items[i], b.items[i]);
  ASSERT_EQ(a.members.size(), b.members.size());
  for (std::size_t i = 0; i < a.members.size(); ++i) {
    EXPECT_EQ(a.members[i].key, b.members[i].key);
    EXPECT_EQ(a.members[i].place.line, b.members[i].place.line);
    EXPECT_EQ(a.members[i].place.column, b.members[i].place.column);
    expect_same(a.members[i].value, b.members[i].value);
  }
}

void expect_round_trip(const std::string& text) {
  auto file = std::make_shared<SourceFile>();
  file->text = text;
  const auto parsed = parse_document(file);
  ASSERT_TRUE(std::holds_alternative<Node>(parsed)) << text;
  const Node& root = std::get<Node>(parsed);
  expect_same(root, decode_document(encode_document(root)));
}

TEST(DocumentCode, GivesBackWhatTheParserMade) {
  expect_round_trip("");
  expect_round_trip("a = true\nb = -9223372036854775808\nc = 0o640\nd = 1.5\ne = 1979-05-27\n");
  expect_round_trip(
      "[t]\nx = [1, 'two', [3], { y = \"\"\"\nlong\"\"\" }]\n\"k ü.\" = \"\\u0000\"\n");
  expect_round_trip("text = \"" + std::string(100000, 'x') + "\"\n");
}

TEST(DocumentCode, HoldsEveryShippedFile) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(IMMURE_SOURCE_DIR "/profiles")) {
    if (entry.path().extension() != ".toml") continue;
    std::ifstream in(entry.path());
    expect_round_trip({std::istreambuf_iterator<char>(in), {}});
    ++files;
  }
  EXPECT_GT(files, 30);
}

}  // namespace
}  // namespace immure
