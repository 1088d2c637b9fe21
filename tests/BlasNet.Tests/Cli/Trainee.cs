using System.Diagnostics;

namespace BlasNet.Tests.Cli;

/// <summary><c>blasnet train digits</c>, small, in a process of its own that can be killed, with checkpoints in a folder.</summary>
/// <remarks>It is waited for on the test's thread: those of the pool may all be busy with other tests.</remarks>
internal sealed class Trainee : IDisposable
{
    // A shell's background jobs ignore SIGINT, and so do all processes that they start.
    private static readonly string[] SignalsAsUsual = ["env", "--default-signal=INT"];

    private static readonly Lazy<bool> ResetsSignals = new(() =>
    {
        if (!OperatingSystem.IsLinux())
            return false;

        using Process trial = Process.Start(new ProcessStartInfo(SignalsAsUsual[0], [.. SignalsAsUsual[1..], "true"]) { RedirectStandardError = true })!;
        trial.WaitForExit();
        return trial.ExitCode == 0;   // not every env can
    });

    private readonly Process _process;
    private readonly string _checkpoints;
    private readonly Task<string> _output, _error;

    private Trainee(string checkpoints, IEnumerable<string> args)
    {
        _checkpoints = checkpoints;
        string[] command = [.. ResetsSignals.Value ? SignalsAsUsual : [], "dotnet"];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "BlasNet.Cli.dll"));
        foreach (string arg in args)
            start.ArgumentList.Add(arg);

        _process = Process.Start(start)!;
        (_output, _error) = (_process.StandardOutput.ReadToEndAsync(), _process.StandardError.ReadToEndAsync());
    }

    /// <summary>Small networks and steps, so that a training is mostly steps and checkpoints.</summary>
    public static string[] Arguments(params string[] more)
    {
        List<string> args = ["train", "digits", "--limit", "200", "--hidden", "16", "--batch", "8", "--epochs", "20", "--gemm", "packed", "--json"];
        for (int i = 0; i < more.Length; i++)
        {
            if (more[i].StartsWith("--", StringComparison.Ordinal) && args.IndexOf(more[i]) is >= 0 and var at)
                args[at + 1] = more[++i];   // instead of what is there
            else
                args.Add(more[i]);
        }

        return [.. args];
    }

    public static Trainee Start(string checkpoints, params string[] more) =>
        new(checkpoints, Arguments(["--checkpoint", checkpoints, "--checkpoint-every", "3", "--resume", .. more]));

    /// <summary>Without checkpoints.</summary>
    public static Trainee StartPlain(params string[] more) => new(checkpoints: "", Arguments(more));

    /// <summary>Waits until there is a checkpoint that was not there before.</summary>
    /// <returns>False where the process ended first.</returns>
    public bool MakesProgress(string[] before)
    {
        while (!_process.HasExited)
        {
            if (Manifests(_checkpoints).Except(before).Any())
                return true;

            Thread.Sleep(1);
        }

        return false;
    }

    public static string[] Manifests(string checkpoints) =>
        Directory.Exists(checkpoints) ? Directory.GetFiles(checkpoints, "manifest.json", SearchOption.AllDirectories) : [];

    /// <summary>A log's lines without the column that differs between equal trainings.</summary>
    public static string[] WithoutTimes(string log) =>
        [.. File.ReadLines(log).Select(line => string.Join(',', line.Split(',').Where((_, column) => column != 3)))];

    public CommandResult Kill()
    {
        _process.Kill();   // SIGKILL
        return End();
    }

    public CommandResult Signal(string name)
    {
        using (Process kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]))
            kill.WaitForExit();

        return End();
    }

    public CommandResult End()
    {
        _process.WaitForExit();
        return new CommandResult(_process.ExitCode, _output.GetAwaiter().GetResult(), _error.GetAwaiter().GetResult());
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();

        _process.Dispose();
    }
}
