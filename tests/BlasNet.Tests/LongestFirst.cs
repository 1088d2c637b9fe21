using BlasNet.Tests;
using BlasNet.Tests.Cli;
using Xunit.Sdk;
using Xunit.v3;

[assembly: TestCollectionOrderer(typeof(LongestFirst))]

namespace BlasNet.Tests;

/// <summary>Begins with the tests that take long, mostly by waiting for processes, so that none of them is left alone at the end; the others
/// are in any order.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    private static readonly string[] Longest =
    [
        nameof(Packaging.PackageTests), nameof(Mpi.MpiTrainingTests), nameof(KilledTrainingTests), CommandLineTests.Name,
        nameof(Oracle.RandomGraphTests), nameof(OutputTests),
    ];

    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection =>
        [.. DefaultTestCollectionOrderer.Instance.OrderTestCollections(testCollections).OrderBy(PlaceOf)];

    private static int PlaceOf<TTestCollection>(TTestCollection collection) where TTestCollection : ITestCollection
    {
        int place = Array.FindIndex(Longest, name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal));
        return place < 0 ? Longest.Length : place;
    }
}
