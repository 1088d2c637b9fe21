namespace BlasNet.Training;

/// <summary>exp of the mean cross-entropy, in nats, of a prediction: among how many equally likely words a model hesitates. Added up as losses come.</summary>
/// <remarks>One thread at a time adds.</remarks>
public sealed class Perplexity
{
    private double _loss;

    /// <summary>How many predictions there were.</summary>
    public long Count { get; private set; }

    /// <summary>From 1; NaN where there were no predictions.</summary>
    public double Value => Math.Exp(_loss / Count);

    /// <summary>Adds the losses of some predictions.</summary>
    /// <param name="loss">Their sum, −Σ ln p.</param>
    /// <param name="predictions">How many they are.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="predictions"/> is negative.</exception>
    public void Add(double loss, long predictions = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(predictions);
        (_loss, Count) = (_loss + loss, Count + predictions);
    }

    /// <summary>Adds another's sum.</summary>
    public void Add(Perplexity other)
    {
        ArgumentNullException.ThrowIfNull(other);
        (_loss, Count) = (_loss + other._loss, Count + other.Count);
    }
}
