using System.Globalization;

namespace BlasNet.Cli.Training;

/// <summary>How good a model is at examples that it was not trained with; what does not apply to it is null.</summary>
internal readonly record struct Quality
{
    /// <summary>Part of the test examples that are classified rightly, 0…1.</summary>
    public double? TestAccuracy { get; init; }

    /// <summary>Part of the words, or of the nodes, that are classified rightly, 0…1.</summary>
    public double? DevAccuracy { get; init; }

    /// <summary>Part of the trees whose root is classified rightly, 0…1.</summary>
    public double? DevRootAccuracy { get; init; }

    /// <summary>Of the order that the model gives to pairs with that of their scores, −1 … 1.</summary>
    public double? DevCorrelation { get; init; }

    /// <summary>exp of the mean loss of a word, in nats; from 1.</summary>
    public double? DevPerplexity { get; init; }

    /// <summary>UAS: part of the words whose head is right, 0…1.</summary>
    public double? DevUnlabelled { get; init; }

    /// <summary>LAS: part of the words whose head and relation are right, 0…1.</summary>
    public double? DevLabelled { get; init; }

    /// <summary>What applies, by name; the first one says which epoch is better.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Measures =>
    [
        .. new KeyValuePair<string, double?>[]
        {
            new("test_accuracy", TestAccuracy), new("dev_accuracy", DevAccuracy), new("dev_root_accuracy", DevRootAccuracy),
            new("dev_correlation", DevCorrelation),
            new("dev_perplexity", DevPerplexity), new("dev_las", DevLabelled), new("dev_uas", DevUnlabelled),
        }.Where(measure => measure.Value is not null).Select(measure => new KeyValuePair<string, double>(measure.Key, measure.Value!.Value)),
    ];

    /// <summary>As <c>dev accuracy  93.1 %</c>: of a width that does not change, for a column.</summary>
    public override string ToString() => string.Join("  ", Parts(percentWidth: 6, perplexityWidth: 8));

    /// <summary>As <c>Dev accuracy 93.1 %.</c></summary>
    public string ToSentence()
    {
        string text = string.Join(", ", Parts(percentWidth: 0, perplexityWidth: 0));
        return $"{char.ToUpperInvariant(text[0])}{text[1..]}.";
    }

    private IEnumerable<string> Parts(int percentWidth, int perplexityWidth)
    {
        if (TestAccuracy is { } test)
            yield return $"test accuracy {Percent(test)}";

        if (DevAccuracy is { } dev)
            yield return $"dev accuracy {Percent(dev)}";

        if (DevRootAccuracy is { } root)
            yield return $"of roots {Percent(root)}";

        if (DevUnlabelled is { } unlabelled)
            yield return $"dev UAS {Percent(unlabelled)}";

        if (DevLabelled is { } labelled)
            yield return $"LAS {Percent(labelled)}";

        if (DevCorrelation is { } correlation)
            yield return string.Create(CultureInfo.InvariantCulture, $"dev correlation {correlation:F3}");

        if (DevPerplexity is { } perplexity)
            yield return $"dev perplexity {perplexity.ToString("F1", CultureInfo.InvariantCulture).PadLeft(perplexityWidth)}";

        string Percent(double part) => part.ToString("P1", CultureInfo.InvariantCulture).PadLeft(percentWidth);
    }
}
