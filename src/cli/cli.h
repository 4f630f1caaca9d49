// The command line of the program `symphony`.
#pragma once

namespace symphony {

// Reads arguments and variables, runs the command, and gives the process's exit code.
int run_command_line(int argc, char** argv);

}  // namespace symphony
