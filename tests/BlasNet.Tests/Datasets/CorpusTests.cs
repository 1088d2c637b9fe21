using BlasNet.Fuzz;

namespace BlasNet.Tests.Datasets;

/// <summary>The seeds of the fuzzing of every reader, and what it has found.</summary>
public sealed class CorpusTests
{
    private static string Corpus => Path.Combine(AppContext.BaseDirectory, "Corpus");

    public static TheoryData<string> Readers => [.. FuzzTargets.All.Keys];

    [Theory, MemberData(nameof(Readers))]
    public void Only_documented_exceptions_come_out_of_a_reader(string reader)
    {
        string[] seeds = Directory.GetFiles(Path.Combine(Corpus, reader));

        Assert.NotEmpty(seeds);
        Assert.All(seeds, seed => FuzzTargets.All[reader](File.ReadAllBytes(seed)));
    }

    [Fact]
    public void Every_folder_of_seeds_has_a_reader() =>
        Assert.Equal(FuzzTargets.All.Keys.Order(), Directory.GetDirectories(Corpus).Select(Path.GetFileName).Order());
}
