using BlasNet.Cli.CommandLine;
using BlasNet.Mpi;

using var interruption = new Interruption();
(TextWriter output, TextWriter error) = (StandardOutput.Open(), StandardOutput.OpenError());
int exitCode = Mpi.IsLaunched ? RankedProgram.Run(args, output, error, interruption) : CliApplication.Run(args, output, error, interruption.Token);
return exitCode == ExitCodes.Interrupted ? interruption.ExitCode : exitCode;
