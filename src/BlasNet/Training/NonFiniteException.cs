using System.Globalization;

namespace BlasNet.Training;

/// <summary>A loss, its gradient, what a step would make of a parameter or, with <see cref="Trainer{TExample}.DetectAnomalies"/>, any other value
/// is infinite or NaN. The parameters, the optimizer's state and all counters are those before the step.</summary>
public sealed class NonFiniteException : ArithmeticException
{
    internal NonFiniteException(long step, int? example, string what, string? origin)
        : base(Describe(step, example, what, origin)) => (Step, Example, What, Origin) = (step, example, what, origin);

    /// <summary>The same with the example's number in another order.</summary>
    internal NonFiniteException(NonFiniteException found, int example)
        : base(Describe(found.Step, example, found.What, found.Origin), found) =>
        (Step, Example, What, Origin) = (found.Step, example, found.What, found.Origin);

    /// <summary>The optimizer step that was not made, from 1.</summary>
    public long Step { get; }

    /// <summary>The number of the first example concerned, from 0, among those that the epoch or the step was given; null where each of them
    /// alone is finite and only their sum, the regulariser or the step itself is not.</summary>
    public int? Example { get; }

    /// <summary>The node that first gave such a value from finite ones, as graphs are printed, with the names that the model's code gives; or
    /// the input or parameter that brought it. Null where it was not found.</summary>
    public string? Origin { get; }

    /// <summary>Which number is not finite.</summary>
    internal string What { get; }

    /// <summary>Says what a loss is.</summary>
    internal static string OfLoss(double loss) =>
        double.IsFinite(loss) ? "a value is not finite" : string.Create(CultureInfo.InvariantCulture, $"the loss is {loss}");

    private static string Describe(long step, int? example, string what, string? origin)
    {
        string where = example is null ? "" : string.Create(CultureInfo.InvariantCulture, $", example {example}");
        string first = origin is null ? "" : $"; it comes from {origin}";
        return string.Create(CultureInfo.InvariantCulture, $"Step {step}{where}: {what}{first}. The parameters are those before the step.");
    }
}
