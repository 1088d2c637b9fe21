using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace BlasNet.Mutate;

/// <summary>One run of the target: compile, find out which tests reach what, try each mutant, report.</summary>
/// <param name="root">The repository.</param>
/// <param name="filter">Patterns of files, with commas between.</param>
/// <param name="tests">Parts of the names of test classes, with commas between.</param>
/// <param name="count">Mutants of all files together.</param>
/// <param name="seed">Of the draw.</param>
/// <param name="since">A commit: only mutants in lines that have changed since then; null for all.</param>
/// <param name="jobs">Processes at once.</param>
internal sealed class Session(string root, string filter, string tests, int count, int seed, string? since, int jobs)
{
    public const string Everything = "Graphs/*,Batching/*,Derivatives/*,Differentiation/*,Fusion/*,Recurrences/*,Planning/*,Passes/*,Execution/*,Rounds/*,"
        + "Serving/*,Training/*,Ranks/*,Operators/*,Layers/*,Memory/*";

    // Rooms of the tests that start programs, look at files or call kernels alone. What they see of other rooms, the others' tests see sooner.
    private static readonly string[] Outside = ["Cli", "Datasets", "Drawing", "Kernels", "Memory", "Mpi", "Native", "Packaging"];

    private readonly ParallelOptions _parallel = new() { MaxDegreeOfParallelism = jobs };
    private int _tried;

    /// <returns>The exit code: 1 if a mutant survived that is not explained.</returns>
    public async Task<int> Run()
    {
        string folder = Path.Combine(root, "artifacts", "mutate");
        string known = Path.Combine(root, "artifacts", "mutate.reached");
        string copy = Copy(Path.Combine(root, "tests", "BlasNet.Tests", "bin", "Release", "net10.0"), folder);
        Explained explained = Explained.Read(Path.Combine(root, "tests", "BlasNet.Mutate", "Explained.txt"));

        Library library = await Library.Open(Path.Combine(root, "src", "BlasNet"), filter.Split(','));
        List<Mutant> all = library.Compile(Path.Combine(copy, "BlasNet.dll"));
        Console.WriteLine($"{all.Count} mutants compile, {library.DroppedCount} do not.");

        var program = new TestProgram(Path.Combine(copy, "BlasNet.Tests.dll"));
        string[] skipped = [.. Outside.Except(library.Rooms)];
        string[] classes = [.. (await program.Classes()).Where(name => !skipped.Contains(name.Split('.')[2]) && tests.Split(',').Any(name.Contains))];
        if (classes.Length == 0)
            throw new MutateException($"No test class has a name with {tests} in it.");

        string key = $"{DigestOf(copy, "BlasNet.dll")} {DigestOf(copy, "BlasNet.Tests.dll")}";
        Coverage? coverage = Coverage.Read(known, key, classes);
        if (coverage is null)
        {
            Console.WriteLine($"Running {classes.Length} test classes to see which mutants they reach.");
            coverage = await Coverage.Measure(program, classes, folder, _parallel);
            coverage.Write(known, key);
        }

        foreach (string name in coverage.Failing)
            Console.WriteLine($"Not used, since it fails without a mutant: {name}");

        ChangedLines? changed = since is null ? null : await ChangedLines.Since(root, since);
        List<Verdict> verdicts = await Try(Draw(all, explained, changed), new Trial(program, coverage));
        return Report.Write(verdicts, explained, all) ? 0 : 1;
    }

    /// <summary>Tries them one after another; an interrupted run reports what it has come to.</summary>
    private async Task<List<Verdict>> Try(Mutant[] mutants, Trial trial)
    {
        using var interrupted = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var end = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        List<Verdict> verdicts = [];
        Console.WriteLine($"Trying {mutants.Length} mutants.");
        var progress = new Progress("mutants tried", mutants.Length);
        foreach (Task task in Enumerable.Range(0, jobs).Select(_ => Work()).ToArray())
            await task;

        return verdicts;

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            interrupted.Cancel();
        }

        async Task Work()
        {
            while (!interrupted.IsCancellationRequested && Interlocked.Increment(ref _tried) is var number && number <= mutants.Length)
            {
                Verdict verdict = await trial.Run(mutants[number - 1]);
                lock (verdicts)
                    verdicts.Add(verdict);

                if (!verdict.Caught)
                    Console.WriteLine($"[{number}/{mutants.Length}] survived: {verdict}");

                progress.Advance();
            }
        }
    }

    /// <summary>Each with the same chance, in an order by chance, so that an interrupted run has tried a fair sample. For the same seed the same mutants, as
    /// far as the library still has them.</summary>
    private Mutant[] Draw(List<Mutant> mutants, Explained explained, ChangedLines? changed) =>
        [.. mutants.Where(mutant => !explained.Contains(mutant) && changed?.Contains(mutant) != false).OrderBy(Lot, StringComparer.Ordinal).Take(count)];

    private string Lot(Mutant mutant) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {mutant.File} {mutant.Change}")));

    private static string DigestOf(string folder, string file) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, file))));

    private static string Copy(string from, string folder)
    {
        if (!Directory.Exists(from))
            throw new MutateException($"The tests are not built for Release: there is no {from}.");

        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);

        string to = Path.Combine(folder, "bin");
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return to;
    }
}
