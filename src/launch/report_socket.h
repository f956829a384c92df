// The launcher's end of what is said in launch/report.h.
#pragma once

#include <sys/types.h>

#include <array>

#include "base/fd.h"
#include "launch/report.h"

namespace immure {

// Without waiting; returns as recv(2). `fds`: what came with ChildReport::Kind::terminal.
ssize_t receive_report(int socket, ChildReport& message, std::array<Fd, 2>& fds);

}  // namespace immure
