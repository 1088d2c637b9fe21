using System.Globalization;

namespace BlasNet.Mutate;

/// <summary>Which test classes reach which mutants, and how long they take.</summary>
internal sealed class Coverage
{
    private readonly Dictionary<int, List<string>> _classes = [];
    private readonly Dictionary<string, TimeSpan> _times = [];

    /// <summary>Classes that fail without any mutant; they can tell nothing.</summary>
    public List<string> Failing { get; } = [];

    public static async Task<Coverage> Measure(TestProgram tests, string[] classes, string folder, ParallelOptions parallel)
    {
        var coverage = new Coverage();
        var progress = new Progress("test classes run", classes.Length);
        await Parallel.ForEachAsync(classes, parallel, async (name, _) =>
        {
            string file = Path.Combine(folder, $"reached.{name}");
            Outcome outcome = await tests.Run([name], TimeSpan.FromMinutes(5), ("BLASNET_MUTANTS_REACHED", file));
            lock (coverage)
                coverage.Add(name, outcome, Directory.GetFiles(folder, $"reached.{name}.*").SelectMany(File.ReadLines).ToHashSet());

            progress.Advance();
        });
        return coverage;
    }

    /// <summary>The fastest first.</summary>
    public IEnumerable<string> ClassesOf(Mutant mutant) =>
        _classes.GetValueOrDefault(mutant.Id, []).OrderBy(TimeOf).ThenBy(name => name, StringComparer.Ordinal);

    public TimeSpan TimeOf(string name) => _times[name];

    private void Add(string name, Outcome outcome, HashSet<string> reached)
    {
        _times[name] = outcome.Processor;
        if (!outcome.Passed)
        {
            Failing.Add(name);
            return;
        }

        foreach (string line in reached)
        {
            int mutant = int.Parse(line, CultureInfo.InvariantCulture);
            if (!_classes.TryGetValue(mutant, out List<string>? classes))
                _classes[mutant] = classes = [];

            classes.Add(name);
        }
    }
}
