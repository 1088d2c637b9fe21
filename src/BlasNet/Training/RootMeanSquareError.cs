namespace BlasNet.Training;

/// <summary>√(Σ (y − t)²/n) of predicted numbers y and actual ones t, added up as they come.</summary>
/// <remarks>One thread at a time adds.</remarks>
public sealed class RootMeanSquareError
{
    private double _sum;

    /// <summary>How many numbers were predicted.</summary>
    public long Count { get; private set; }

    /// <summary>The root; NaN where there were no numbers.</summary>
    public double Value => Math.Sqrt(_sum / Count);

    /// <summary>Adds a prediction.</summary>
    public void Add(double predicted, double actual)
    {
        _sum += (predicted - actual) * (predicted - actual);
        Count++;
    }

    /// <summary>Adds a prediction of several numbers.</summary>
    /// <exception cref="ArgumentException">There are not as many of both.</exception>
    public void Add(ReadOnlySpan<float> predicted, ReadOnlySpan<float> actual)
    {
        RequireSame(predicted.Length, actual.Length);
        for (int i = 0; i < predicted.Length; i++)
            Add(predicted[i], actual[i]);
    }

    /// <inheritdoc cref="Add(ReadOnlySpan{float}, ReadOnlySpan{float})"/>
    public void Add(ReadOnlySpan<double> predicted, ReadOnlySpan<double> actual)
    {
        RequireSame(predicted.Length, actual.Length);
        for (int i = 0; i < predicted.Length; i++)
            Add(predicted[i], actual[i]);
    }

    /// <summary>Adds another's sum.</summary>
    public void Add(RootMeanSquareError other)
    {
        ArgumentNullException.ThrowIfNull(other);
        (_sum, Count) = (_sum + other._sum, Count + other.Count);
    }

    private static void RequireSame(int predicted, int actual)
    {
        if (predicted != actual)
            throw new ArgumentException($"{predicted} numbers were predicted, and {actual} are given.");
    }
}
