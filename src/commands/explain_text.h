// The texts of `immure explain`. Pure but for what --why asks of the host.
#pragma once

#include <string>

#include "commands/pipeline.h"
#include "plan/page.h"
#include "plan/why.h"

namespace immure {

// Profiles, command, and all facts; with `notes`, the notes and warnings at the end.
std::string explain_page(const Prepared& prepared, const PageStyle& style, bool notes);

// The answer to one question.
Result<std::string> explain_why(const Prepared& prepared, const WhyQuestion& question,
                                const Host& host, const PageStyle& style);

}  // namespace immure
