namespace BlasNet.Await.Benchmarks;

/// <summary>A way to do the same work: the numbers of all ways agree.</summary>
internal interface IWay
{
    string Name { get; }

    /// <summary>Does the work.</summary>
    /// <returns>How often a value was looked at, and a number that tells whether it was the same work.</returns>
    (long Looks, double Sum) Run();
}
