using System.Globalization;

namespace BlasNet.Training;

/// <summary>A loss, or with <see cref="Trainer{TExample}.DetectAnomalies"/> any other value, became infinite or not a number. The parameters are those before the step.</summary>
public sealed class NonFiniteException : ArithmeticException
{
    internal NonFiniteException(long step, int? example, string? origin, double loss)
        : base(Describe(step, example, origin, loss)) => (Step, Example, Origin, Loss) = (step, example, origin, loss);

    /// <summary>The same with the example's number in another order.</summary>
    internal NonFiniteException(NonFiniteException found, int example)
        : base(Describe(found.Step, example, found.Origin, found.Loss), found) =>
        (Step, Example, Origin, Loss) = (found.Step, example, found.Origin, found.Loss);

    /// <summary>The optimizer step that was not made, from 1.</summary>
    public long Step { get; }

    /// <summary>The number of the first example concerned, from 0, among those that the epoch or the step was given; null where each of them
    /// alone is finite and only their sum is not.</summary>
    public int? Example { get; }

    /// <summary>The node that first gave such a value from finite ones, as graphs are printed, with the names that the model's code gives; or
    /// the input or parameter that brought it. Null where it was not found.</summary>
    public string? Origin { get; }

    /// <summary>The example's loss, or the sum of the losses.</summary>
    internal double Loss { get; }

    private static string Describe(long step, int? example, string? origin, double loss)
    {
        string where = example is null ? "" : string.Create(CultureInfo.InvariantCulture, $", example {example}");
        string what = !double.IsFinite(loss) ? string.Create(CultureInfo.InvariantCulture, $"the loss is {loss}") : "a value is not finite";
        string first = origin is null ? "" : $"; it comes from {origin}";
        return string.Create(CultureInfo.InvariantCulture, $"Step {step}{where}: {what}{first}. The parameters are those before the step.");
    }
}
