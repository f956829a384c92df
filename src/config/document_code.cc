// Numbers are written seven bits at a time, the lowest first; texts with their length before them.
#include "config/document_code.h"

#include <cstdint>
#include <utility>

namespace immure {
namespace {

void put_number(std::string& out, std::uint64_t value) {
  constexpr std::uint64_t kMore = 0x80;
  for (; value >= kMore; value >>= 7U) out.push_back(static_cast<char>(value | kMore));
  out.push_back(static_cast<char>(value));
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out.append(text);
}

void put_place(std::string& out, Place place) {
  put_number(out, place.line);
  put_number(out, place.column);
}

void put_node(std::string& out, const Node& node) {
  out.push_back(static_cast<char>(node.kind));
  put_place(out, node.place);
  switch (node.kind) {
    case Node::Kind::boolean:
      out.push_back(node.boolean ? 1 : 0);
      return;
    case Node::Kind::integer:
      out.push_back(node.octal ? 1 : 0);
      put_number(out, static_cast<std::uint64_t>(node.number));
      return;
    case Node::Kind::text:
      put_number(out, node.quotes);
      put_text(out, node.text);
      return;
    case Node::Kind::list:
      put_number(out, node.items.size());
      for (const Node& item : node.items) put_node(out, item);
      return;
    case Node::Kind::table:
      put_number(out, node.members.size());
      for (const Member& member : node.members) {
        put_text(out, member.key);
        put_place(out, member.place);
        put_node(out, member.value);
      }
      return;
    case Node::Kind::floating:
    case Node::Kind::date:
      return;
  }
}

class Decoder {
 public:
  explicit Decoder(std::string_view code) : rest_(code) {}

  Node node() {
    Node node;
    node.kind = static_cast<Node::Kind>(byte());
    node.place = place();
    switch (node.kind) {
      case Node::Kind::boolean:
        node.boolean = byte() != 0;
        break;
      case Node::Kind::integer:
        node.octal = byte() != 0;
        node.number = static_cast<std::int64_t>(number());
        break;
      case Node::Kind::text:
        node.quotes = static_cast<std::uint32_t>(number());
        node.text = text();
        break;
      case Node::Kind::list:
        node.items.resize(number());
        for (Node& item : node.items) item = this->node();
        break;
      case Node::Kind::table:
        node.members.resize(number());
        for (Member& member : node.members) {
          member.key = text();
          member.place = place();
          member.value = this->node();
        }
        break;
      case Node::Kind::floating:
      case Node::Kind::date:
        break;
    }
    return node;
  }

 private:
  std::uint8_t byte() {
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const std::uint8_t part = byte();
      value |= static_cast<std::uint64_t>(part & 0x7fU) << shift;
      if (part < 0x80) return value;
    }
  }

  std::string_view text() {
    const std::size_t size = number();
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }

  Place place() {
    const auto line = static_cast<std::uint32_t>(number());
    return Place{.line = line, .column = static_cast<std::uint32_t>(number())};
  }

  std::string_view rest_;
};

}  // namespace

std::string encode_document(const Node& root) {
  std::string out;
  put_node(out, root);
  return out;
}

Node decode_document(std::string_view code) { return Decoder(code).node(); }

}  // namespace immure
