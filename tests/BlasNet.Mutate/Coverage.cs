using static System.Globalization.CultureInfo;

namespace BlasNet.Mutate;

/// <summary>Which test classes reach which mutants, and how long they take.</summary>
internal sealed class Coverage
{
    private readonly Dictionary<string, int[]> _reached = [];   // by class
    private readonly Dictionary<string, TimeSpan> _times = [];
    private readonly Dictionary<int, List<string>> _classes = [];

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
            IEnumerable<string> lines = Directory.GetFiles(folder, $"reached.{name}.*").SelectMany(File.ReadLines).Distinct();
            int[] reached = [.. lines.Select(line => int.Parse(line, InvariantCulture))];
            lock (coverage)
            {
                if (outcome.Passed)
                    coverage.Add(name, outcome.Processor, reached);
                else
                    coverage.Failing.Add(name);
            }

            progress.Advance();
        });
        return coverage;
    }

    /// <summary>What an earlier run has measured; null if another library or other tests, or if classes failed.</summary>
    /// <param name="file">Of <see cref="Write"/>.</param>
    /// <param name="key">Of the library and the tests.</param>
    /// <param name="classes">Full names of all classes that are wanted.</param>
    public static Coverage? Read(string file, string key, string[] classes)
    {
        if (!File.Exists(file) || File.ReadLines(file).First() != key)
            return null;

        var coverage = new Coverage();
        foreach (string[] parts in File.ReadLines(file).Skip(1).Select(line => line.Split(' ')).Where(parts => classes.Contains(parts[0])))
        {
            int[] reached = [.. parts[2..].Select(mutant => int.Parse(mutant, InvariantCulture))];
            coverage.Add(parts[0], TimeSpan.FromTicks(long.Parse(parts[1], InvariantCulture)), reached);
        }

        return coverage._reached.Count == classes.Length ? coverage : null;
    }

    /// <summary>Writes a line for each class: its name, its time, the mutants.</summary>
    public void Write(string file, string key) => File.WriteAllLines(
        file, [key, .. _reached.Select(pair => string.Join(' ', [pair.Key, $"{_times[pair.Key].Ticks}", .. pair.Value.Select(mutant => $"{mutant}")]))]);

    /// <summary>The fastest first.</summary>
    public IEnumerable<string> ClassesOf(Mutant mutant) =>
        _classes.GetValueOrDefault(mutant.Id, []).OrderBy(TimeOf).ThenBy(name => name, StringComparer.Ordinal);

    public TimeSpan TimeOf(string name) => _times[name];

    private void Add(string name, TimeSpan time, int[] reached)
    {
        (_times[name], _reached[name]) = (time, reached);
        foreach (int mutant in reached)
        {
            if (!_classes.TryGetValue(mutant, out List<string>? classes))
                _classes[mutant] = classes = [];

            classes.Add(name);
        }
    }
}
