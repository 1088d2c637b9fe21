using BlasNet.Cli.CommandLine;

using var interruption = new Interruption();
int exitCode = CliApplication.Run(args, Console.Out, Console.Error, interruption.Token);
return exitCode == ExitCodes.Interrupted ? interruption.ExitCode : exitCode;
