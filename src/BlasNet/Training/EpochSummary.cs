using System.Globalization;

namespace BlasNet.Training;

/// <summary>What came of one epoch of a <see cref="TrainingLoop{TExample}"/>.</summary>
public sealed class EpochSummary
{
    internal EpochSummary(int epoch, long step, double loss, TimeSpan time, IReadOnlyList<KeyValuePair<string, double>> measures, bool isBest) =>
        (Epoch, Step, Loss, Time, Measures, IsBest) = (epoch, step, loss, time, measures, isBest);

    /// <summary>From 1.</summary>
    public int Epoch { get; }

    /// <summary>Optimizer steps since training began.</summary>
    public long Step { get; }

    /// <summary>Mean loss of the epoch's examples, each before the step it was part of.</summary>
    public double Loss { get; }

    /// <summary>Of the steps, without the evaluation; of an epoch that was resumed, of its rest.</summary>
    public TimeSpan Time { get; }

    /// <summary>What the evaluation gave, by name, in its order; empty without one.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> Measures { get; }

    /// <summary>Whether the first measure is the best so far; true where nothing compares them.</summary>
    public bool IsBest { get; }

    /// <summary>As <c>epoch 3: loss 0.125, accuracy 0.98</c>.</summary>
    public override string ToString()
    {
        var measures = Measures.Select(measure => string.Create(CultureInfo.InvariantCulture, $", {measure.Key} {measure.Value:G5}"));
        return string.Create(CultureInfo.InvariantCulture, $"epoch {Epoch}: loss {Loss:G5}{string.Concat(measures)}");
    }
}
