// bubblewrap's command line on immure's engine: reads it, plans it, launches it, and says what
// fails in bubblewrap's words, which programs look for.
#pragma once

#include <span>
#include <string>

#include "launch/plain_launch.h"
#include "plan/launch_plan.h"

namespace immure {

// The whole life of the drop-in; gives its exit status: the command's own, 128 + signal, or 1.
int bwrap(std::span<char* const> words);

// What bubblewrap says of this failure, without "bwrap: " in front. bwrap_words.cc
std::string bwrap_words(const PlainFailure& failure, const LaunchPlan& plan,
                        const PlainOptions& options);

}  // namespace immure
