#include "commands/explain_intents.h"

#include <utility>

#include "base/text.h"
#include "config/flag_layer.h"
#include "config/intents.h"
#include "config/profile_file.h"
#include "config/write_profile.h"
#include "spec/merge.h"

namespace immure {
namespace {

// Whether what the entry shows can be missing, and is.
bool is_missing(const Mount& mount, const Host& host) {
  const auto* bind = std::get_if<Bind>(&mount.what);
  const bool shows_host = bind != nullptr || std::holds_alternative<Hide>(mount.what) ||
                          std::holds_alternative<Overlay>(mount.what);
  if (!shows_host) return false;
  const std::string& path = bind == nullptr || bind->source.empty() ? mount.target : bind->source;
  if (mount.glob) {
    const auto matches = host.files->glob(path);
    return matches.ok() && matches.value().empty();
  }
  const auto found = host.files->resolve(path);
  return found.ok() && found.value().kind == FileKind::missing;
}

// "[fs]" and what follows, without the head that a whole profile has.
Result<std::string> keys_of(SandboxSpec spec, const Host& host) {
  std::string text;
  for (const Mount& mount : spec.mounts) {
    std::string line = write_mounts({mount});
    if (line.starts_with("[fs]\n")) line.erase(0, sizeof "[fs]");
    if (line.ends_with('\n')) line.pop_back();
    if (text.empty()) text = "[fs]\n";
    text += line + (is_missing(mount, host) ? "   # not on this host\n" : "\n");
  }
  spec.mounts.clear();
  auto rest = write_profile(spec, {});
  if (!rest.ok()) return std::move(rest.error());
  const std::size_t first = rest.value().find("\n[");
  if (first != std::string::npos)
    text += (text.empty() ? "" : "\n") + rest.value().substr(first + 1);
  return text.empty() ? "# nothing: every sandbox has it\n" : text;
}

}  // namespace

Result<std::string> explain_intents(const std::vector<GivenOption>& options,
                                    const Circumstances& circumstances, const Host& host) {
  if (auto error = silent_user_files(circumstances)) return std::move(*error);
  auto layers = flag_layers(options, circumstances);
  if (auto* errors = std::get_if<Errors>(&layers)) return std::move(errors->front());
  Allow allow;
  Errors warnings;
  for (const FlagLayer& layer : std::get<std::vector<FlagLayer>>(layers)) {
    merge(allow, layer.spec.allow, warnings);
  }
  auto expanded = expand_intents(allow, false, circumstances);
  if (auto* errors = std::get_if<Errors>(&expanded)) return std::move(errors->front());
  const auto& result = std::get<ExpandedIntents>(expanded);
  std::string page;
  for (const ExpandedIntent& intent : result.intents) {
    auto keys = keys_of(intent.spec, host);
    if (!keys.ok()) return std::move(keys.error());
    page += (page.empty() ? "" : "\n") + ("# " + escape(intent.name)) + " = " +
            escape(intent.value) + ": " + escape(intent.description) + '\n' + keys.value();
  }
  for (const std::string& note : result.notes) page += "# " + escape(note) + '\n';
  return page;
}

}  // namespace immure
