#include "cli/cli.h"

int main(int argc, char** argv) { return symphony::run_command_line(argc, argv); }
