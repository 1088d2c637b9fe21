using System.Text;
using CliWrap;
using CliWrap.EventStream;

namespace BlasNet.Tests.Mpi;

/// <summary>The <c>blasnet</c> command as several processes, under one of the MPI libraries of this machine.</summary>
internal sealed class MpiExec(string launcher)
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "BlasNet.Cli.dll");

    /// <summary>Those that tests are run with: of both libraries, as Debian names them.</summary>
    public static string[] Launchers => ["mpiexec.mpich", "mpiexec.openmpi"];

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Skips the test where the launcher is not installed.</summary>
    public static MpiExec Require(string launcher)
    {
        Assert.SkipUnless(IsOnPath(launcher), $"{launcher} is not installed (Debian, Ubuntu: apt-get install mpich openmpi-bin)");
        return new MpiExec(launcher);
    }

    /// <summary>Runs the command as so many ranks.</summary>
    public Task<(int ExitCode, string Output, string Error)> Run(int ranks, params string[] args) => RunAll(["-n", $"{ranks}", "dotnet", Program, .. args]);

    /// <summary>Runs a command as rank 0 and another one as rank 1.</summary>
    public Task<(int ExitCode, string Output, string Error)> RunTwo(string[] first, string[] second) =>
        RunAll(["-n", "1", "dotnet", Program, .. first, ":", "-n", "1", "dotnet", Program, .. second]);

    /// <summary>Runs the command as so many ranks, and acts on what they write to their error output.</summary>
    public async Task<(int ExitCode, string Output, string Error)> Watch(int ranks, string[] args, Action<int, string> onLine)
    {
        (int exitCode, int process) = (-1, 0);
        var (output, error) = (new StringBuilder(), new StringBuilder());
        await foreach (CommandEvent happened in NewCommand(["-n", $"{ranks}", "dotnet", Program, .. args]).ListenAsync(TestContext.Current.CancellationToken))
        {
            switch (happened)
            {
                case StartedCommandEvent started:
                    process = started.ProcessId;
                    break;
                case StandardOutputCommandEvent line:
                    output.AppendLine(line.Text);
                    break;
                case StandardErrorCommandEvent line:
                    error.AppendLine(line.Text);
                    onLine(process, line.Text);
                    break;
                case ExitedCommandEvent exited:
                    exitCode = exited.ExitCode;
                    break;
            }
        }

        return (exitCode, output.ToString(), error.ToString());
    }

    private Task<(int ExitCode, string Output, string Error)> RunAll(string[] arguments) => Finish(NewCommand(arguments));

    private Command NewCommand(string[] arguments) => CliWrap.Cli.Wrap(launcher)
        .WithArguments(launcher.EndsWith("openmpi", StringComparison.Ordinal) ? ["--oversubscribe", .. arguments] : arguments)
        .WithEnvironmentVariables(variables => variables.Set("OMPI_ALLOW_RUN_AS_ROOT", "1").Set("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"))
        .WithValidation(CommandResultValidation.None);

    private static async Task<(int ExitCode, string Output, string Error)> Finish(Command command)
    {
        var (output, error) = (new StringBuilder(), new StringBuilder());
        CliWrap.CommandResult result = await command.WithValidation(CommandResultValidation.None)
            .WithStandardOutputPipe(PipeTarget.ToStringBuilder(output)).WithStandardErrorPipe(PipeTarget.ToStringBuilder(error))
            .ExecuteAsync(TestContext.Current.CancellationToken);
        return (result.ExitCode, output.ToString(), error.ToString());
    }
}
