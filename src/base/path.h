// Path text, without looking at a file system. Pure.
#pragma once

#include <string>
#include <string_view>

namespace immure {

// "/a//b/./c/" -> "/a/b/c". The path must be absolute; a ".." in it stays.
std::string normalize(std::string_view path);

bool is_absolute(std::string_view path);
bool has_dot_dot(std::string_view path);  // a component ".."
bool has_glob(std::string_view path);     // an unescaped * ? [

// `path` is `ancestor` or below it; both normalised.
bool is_within(std::string_view path, std::string_view ancestor);

// "/a/b" -> "/a"; "/a" -> "/"; "/" -> "/". A part of `path`, or a constant.
std::string_view parent_of(std::string_view path);
std::string_view base_name(std::string_view path);
std::size_t depth(std::string_view path);  // "/" 0, "/a" 1

// "/a" and "b" -> "/a/b"; "/" and "b" -> "/b"; a `rest` that starts with '/' is appended as it is.
std::string join(std::string_view base, std::string_view rest);

// "/a/b" -> "a/b": as steps name their targets.
std::string_view relative_to_root(std::string_view path);

// The home directory at the front is shown as "~". `home` may be empty.
std::string tilde(std::string_view path, std::string_view home);

}  // namespace immure
