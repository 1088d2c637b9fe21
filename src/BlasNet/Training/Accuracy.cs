using System.Numerics.Tensors;

namespace BlasNet.Training;

/// <summary>The part of all predictions that are right, counted as they come.</summary>
/// <remarks>One thread at a time adds; <see cref="Add(Accuracy)"/> takes what another one has counted.</remarks>
public sealed class Accuracy
{
    /// <summary>How many predictions were right.</summary>
    public long Right { get; private set; }

    /// <summary>How many there were.</summary>
    public long Count { get; private set; }

    /// <summary>Right / Count, 0…1; NaN where there were none.</summary>
    public double Value => (double)Right / Count;

    /// <summary>Adds a prediction.</summary>
    /// <returns><paramref name="isRight"/>.</returns>
    public bool Add(bool isRight)
    {
        Right += isRight ? 1 : 0;
        Count++;
        return isRight;
    }

    /// <summary>Adds a prediction: the class with the largest score, the first of equal ones.</summary>
    /// <param name="actual">The right class; a number that is no class, such as −1, is never predicted.</param>
    /// <param name="scores">A number for each class.</param>
    /// <returns>Whether it is right.</returns>
    public bool Add(int actual, ReadOnlySpan<float> scores) => Add(TensorPrimitives.IndexOfMax(scores) == actual);

    /// <inheritdoc cref="Add(int, ReadOnlySpan{float})"/>
    public bool Add(int actual, ReadOnlySpan<double> scores) => Add(TensorPrimitives.IndexOfMax(scores) == actual);

    /// <summary>Adds another's counts.</summary>
    public void Add(Accuracy other)
    {
        ArgumentNullException.ThrowIfNull(other);
        (Right, Count) = (Right + other.Right, Count + other.Count);
    }
}
