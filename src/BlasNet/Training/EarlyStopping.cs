using System.Globalization;

namespace BlasNet.Training;

/// <summary>Ends a training when a measure has not become better for some evaluations.</summary>
/// <remarks>Source: Prechelt, "Early stopping – but when?", in Neural Networks: Tricks of the Trade, 1998 (the criterion UP, with a strip of one
/// epoch).</remarks>
public sealed class EarlyStopping
{
    /// <param name="patience">How many evaluations in a row may bring nothing better before training ends; at least 1.</param>
    /// <param name="higherIsBetter">As of an accuracy; false for a loss.</param>
    /// <param name="minimumChange">What is not better by more than this counts as nothing better.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is outside its range.</exception>
    public EarlyStopping(int patience, bool higherIsBetter, double minimumChange = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(patience, 1);
        if (!double.IsFinite(minimumChange) || minimumChange < 0)
            throw new ArgumentOutOfRangeException(nameof(minimumChange), minimumChange, "must be finite and at least 0.");

        (Patience, HigherIsBetter, MinimumChange) = (patience, higherIsBetter, minimumChange);
    }

    /// <summary>How many evaluations in a row may bring nothing better.</summary>
    public int Patience { get; }

    /// <summary>As of an accuracy.</summary>
    public bool HigherIsBetter { get; }

    /// <summary>How much counts as better.</summary>
    public double MinimumChange { get; }

    /// <summary>The best value so far; null before the first.</summary>
    public double? Best { get; private set; }

    /// <summary>The epoch of the best value.</summary>
    public int BestEpoch { get; private set; }

    /// <summary>Evaluations since the best one.</summary>
    public int Waited { get; private set; }

    /// <summary>Whether it is time to end.</summary>
    public bool IsTimeToStop => Waited >= Patience;

    /// <summary>Takes note of an evaluation.</summary>
    /// <param name="epoch">From 1.</param>
    /// <param name="value">The measure after that epoch; NaN counts as nothing better.</param>
    /// <returns>Whether it is the best one so far.</returns>
    public bool Add(int epoch, double value)
    {
        bool better = !double.IsNaN(value) && (Best is not { } best || (HigherIsBetter ? value > best + MinimumChange : value < best - MinimumChange));
        if (better)
            (Best, BestEpoch, Waited) = (value, epoch, 0);
        else
            Waited++;

        return better;
    }

    /// <summary>What a checkpoint keeps of it.</summary>
    internal string Save() => Best is { } best
        ? string.Create(CultureInfo.InvariantCulture, $"{best:R} {BestEpoch} {Waited}")
        : string.Create(CultureInfo.InvariantCulture, $"none 0 {Waited}");

    /// <returns>False where the text is not one of <see cref="Save"/>.</returns>
    internal bool TryRestore(string text)
    {
        if (text.Split(' ') is not [string best, string epoch, string waited]
            || !int.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out int bestEpoch)
            || !int.TryParse(waited, NumberStyles.None, CultureInfo.InvariantCulture, out int waitedFor))
            return false;

        double value = double.NaN;
        if (best != "none" && !double.TryParse(best, NumberStyles.Float, CultureInfo.InvariantCulture, out value))
            return false;

        (Best, BestEpoch, Waited) = (best == "none" ? null : value, bestEpoch, waitedFor);
        return true;
    }
}
