namespace BlasNet.Tests.Oracle;

/// <summary>How much has been compared.</summary>
internal sealed class Tally
{
    public long Programs { get; set; }

    /// <summary>Steps, evaluations and the like.</summary>
    public long Acts { get; set; }

    /// <summary>Acts that were not compared, since an example was not tame.</summary>
    public long Skipped { get; set; }

    /// <summary>Values, gradients, parameters and norms.</summary>
    public long Comparisons { get; set; }

    public void Add(Tally other)
    {
        Programs += other.Programs;
        Acts += other.Acts;
        Skipped += other.Skipped;
        Comparisons += other.Comparisons;
    }

    public string Describe(TimeSpan time) => FormattableString.Invariant(
        $"{Programs:N0} random programs, {Acts:N0} acts ({Skipped:N0} not compared), {Comparisons:N0} comparisons, {Programs / time.TotalSeconds:F0}/s");
}
