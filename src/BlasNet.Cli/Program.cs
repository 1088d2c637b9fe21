using BlasNet.Cli.CommandLine;
using BlasNet.Mpi;

if (Mpi.IsLaunched)
    Environment.SetEnvironmentVariable("TERM", "dumb");   // Open MPI gives a rank a terminal that nobody sees; its control sequences would get into --json

using var interruption = new Interruption();
(TextWriter output, TextWriter error) = (StandardOutput.Open(), StandardOutput.OpenError());
int exitCode = Mpi.IsLaunched ? RankedProgram.Run(args, output, error, interruption) : CliApplication.Run(args, output, error, interruption.Token);
return exitCode == ExitCodes.Interrupted ? interruption.ExitCode : exitCode;
