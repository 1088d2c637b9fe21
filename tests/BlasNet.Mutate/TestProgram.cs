using System.ComponentModel;
using System.Diagnostics;

namespace BlasNet.Mutate;

/// <summary>What became of a run of tests.</summary>
internal readonly record struct Outcome(bool Passed, TimeSpan Processor);

/// <summary>The tests beside the mutated library, run in processes of their own: a mutant may end one, hang it, or fill its memory.</summary>
/// <param name="program">The tests' assembly.</param>
internal sealed class TestProgram(string program)
{
    /// <summary>The variable that says how many random programs are run. A hundred find most mutants.</summary>
    public const string RandomPrograms = "BLASNET_RANDOM_GRAPHS";

    private const long MemoryLimit = 3L << 30;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    // On a machine that is busy otherwise a process may get a hundredth of a processor; one that waits for ever uses less.
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(50);
    private const int Minute = 1200;   // glances: no time passes for a driver that is stopped together with its tests

    private readonly string _scratch = Path.Combine(Path.GetDirectoryName(program)!, "scratch");

    public async Task<string[]> Classes()
    {
        using Process process = Start(["-list", "classes"], []);
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return [.. output.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.StartsWith("BlasNet.Tests.", StringComparison.Ordinal))];
    }

    /// <summary>Runs the classes one after another up to the first failure.</summary>
    /// <param name="classes">Full names.</param>
    /// <param name="limit">Of processor time. A run that waits for ever is ended after a minute without any.</param>
    /// <param name="variables">Of the environment.</param>
    public async Task<Outcome> Run(IEnumerable<string> classes, TimeSpan limit, params (string Name, string Value)[] variables)
    {
        string temporary = Path.Combine(_scratch, Path.GetRandomFileName());
        Directory.CreateDirectory(temporary);
        try
        {
            string[] arguments = ["-noLogo", "-noColor", "-stopOnFail", "-parallelMode", "none", .. classes.SelectMany(name => new[] { "-class", name })];
            using Process process = Start(arguments, [("TMPDIR", temporary), ("TEMP", temporary), .. variables]);
            Task output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            TimeSpan used = await Watch(process, limit);
            await output;
            return new(process.ExitCode == 0, used);
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }

    private static async Task<TimeSpan> Watch(Process process, TimeSpan limit)
    {
        int still = 0;
        TimeSpan used = default, before = default;
        Task end = process.WaitForExitAsync();
        while (await Task.WhenAny(end, Task.Delay(Glance)) != end)
        {
            try
            {
                process.Refresh();
                used = process.TotalProcessorTime;
                (still, before) = used > before + Breath ? (0, used) : (still + 1, before);
                if (used > limit || still > Minute || process.WorkingSet64 > MemoryLimit)
                    process.Kill(entireProcessTree: true);
            }
            catch (Exception e) when (e is InvalidOperationException or Win32Exception)
            {
                break; // it has ended meanwhile
            }
        }

        await end;
        return used;
    }

    private Process Start(IEnumerable<string> arguments, IEnumerable<(string Name, string Value)> variables)
    {
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.TryAdd(RandomPrograms, "100");
        foreach (var (name, value) in variables)
            start.Environment[name] = value;

        return Process.Start(start)!;
    }
}
