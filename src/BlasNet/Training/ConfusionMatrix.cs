using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace BlasNet.Training;

/// <summary>How often each class was taken for each other one, counted as predictions come; precision, recall and F1 follow from it.</summary>
/// <remarks>
/// With tp examples of a class that were found, fp of others that were taken for it and fn of it that were not found: precision tp/(tp + fp), recall
/// tp/(tp + fn), and F1 their harmonic mean, 2·tp/(2·tp + fp + fn). What is 0/0 is NaN. One thread at a time adds. Takes classes² numbers of memory.
/// <code>
/// var confusion = new ConfusionMatrix(classes: 10);
/// evaluator.Run(digits, (example, scores) => confusion.Add(digits[example].Label, scores));
/// Console.WriteLine($"{confusion.Accuracy:P1}, F1 of 3: {confusion.F1(3):P1}, taken for 8: {confusion[3, 8]}");
/// </code>
/// </remarks>
public sealed class ConfusionMatrix
{
    private readonly long[,] _counts;
    private readonly long[] _unknown;   // by prediction, of actual classes that are none of these

    /// <param name="classes">How many, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1.</exception>
    public ConfusionMatrix(int classes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 1);
        (Classes, _counts, _unknown) = (classes, new long[classes, classes], new long[classes]);
    }

    /// <summary>How many classes there are.</summary>
    public int Classes { get; }

    /// <summary>How many predictions there were.</summary>
    public long Count { get; private set; }

    /// <summary>How often <paramref name="actual"/> was taken for <paramref name="predicted"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public long this[int actual, int predicted] => _counts[Checked(actual), Checked(predicted)];

    /// <summary>The part of all predictions that are right; NaN where there were none.</summary>
    public double Accuracy => (double)SumOver(label => _counts[label, label]) / Count;

    /// <summary>The mean F1 of the classes that occur, as actual or as predicted ones; NaN where none does.</summary>
    public double MacroF1
    {
        get
        {
            double[] values = [.. Enumerable.Range(0, Classes).Select(F1).Where(double.IsFinite)];
            return values.Length == 0 ? double.NaN : values.Average();
        }
    }

    /// <summary>Adds a prediction.</summary>
    /// <param name="actual">The right class, or −1 for one that the model does not know.</param>
    /// <param name="predicted">What it was taken for.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public void Add(int actual, int predicted)
    {
        if (actual == -1)
            _unknown[Checked(predicted)]++;
        else
            _counts[Checked(actual), Checked(predicted)]++;

        Count++;
    }

    /// <summary>Adds a prediction: the class with the largest score, the first of equal ones.</summary>
    /// <param name="actual">The right class, or −1 for one that the model does not know.</param>
    /// <param name="scores">A number for each class.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public void Add(int actual, ReadOnlySpan<float> scores) => Add(actual, TensorPrimitives.IndexOfMax(scores));

    /// <inheritdoc cref="Add(int, ReadOnlySpan{float})"/>
    public void Add(int actual, ReadOnlySpan<double> scores) => Add(actual, TensorPrimitives.IndexOfMax(scores));

    /// <summary>Adds another's counts.</summary>
    /// <exception cref="ArgumentException">It has another number of classes.</exception>
    public void Add(ConfusionMatrix other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Classes != Classes)
            throw new ArgumentException($"The other matrix has {other.Classes} classes, not {Classes}.", nameof(other));

        for (int predicted = 0; predicted < Classes; predicted++)
        {
            _unknown[predicted] += other._unknown[predicted];
            for (int actual = 0; actual < Classes; actual++)
                _counts[actual, predicted] += other._counts[actual, predicted];
        }

        Count += other.Count;
    }

    /// <summary>The part of what was taken for the class that is of it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public double Precision(int label) => (double)_counts[Checked(label), label] / Predicted(label);

    /// <summary>The part of the class that was found.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public double Recall(int label) => (double)_counts[Checked(label), label] / Actual(label);

    /// <summary>The harmonic mean of precision and recall.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public double F1(int label) => 2.0 * _counts[Checked(label), label] / (Predicted(label) + Actual(label));

    private long Predicted(int label) => SumOver(actual => _counts[actual, label]) + _unknown[label];

    private long Actual(int label) => SumOver(predicted => _counts[label, predicted]);

    private int Checked(int label, [CallerArgumentExpression(nameof(label))] string name = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegative(label, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(label, Classes, name);
        return label;
    }

    private long SumOver(Func<int, long> count) => Enumerable.Range(0, Classes).Sum(count);
}
