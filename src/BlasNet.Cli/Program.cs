using BlasNet.Cli.CommandLine;

using var interruption = new Interruption();
int exitCode = CliApplication.Run(args, StandardOutput.Open(), StandardOutput.OpenError(), interruption.Token);
return exitCode == ExitCodes.Interrupted ? interruption.ExitCode : exitCode;
