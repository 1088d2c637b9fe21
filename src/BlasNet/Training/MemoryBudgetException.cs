using System.Globalization;

namespace BlasNet.Training;

/// <summary>One example alone takes more memory than <see cref="Trainer{TExample}.MemoryBudget"/> or an evaluator's
/// allows.</summary>
public sealed class MemoryBudgetException : InvalidOperationException
{
    internal MemoryBudgetException(int example, long bytes, long budget, int workers, bool isAtLeast, bool isOfEvaluation = false)
        : base(string.Create(CultureInfo.InvariantCulture,
            $"Example {example}{(isOfEvaluation ? " of the evaluation" : "")} needs {(isAtLeast ? "at least " : "")}{bytes:N0} bytes for a pass of its own; "
            + $"the memory budget is {budget:N0} bytes{(workers > 1 ? $" for each of {workers} workers" : "")}. "
            + $"Raise the budget, or leave the example out or make it smaller.")) =>
        (Example, Bytes, Budget, IsAtLeast) = (example, bytes, budget, isAtLeast);

    /// <summary>Its position among the examples given: of the epoch, of the step where it was not part of an epoch, or of the evaluation.</summary>
    public int Example { get; }

    /// <summary>What a pass with it alone takes; at least that, where its graph grew beyond the budget while it was built.</summary>
    public long Bytes { get; }

    /// <summary>What is allowed to one worker.</summary>
    public long Budget { get; }

    /// <summary>Whether the example was refused before all of it was there.</summary>
    internal bool IsAtLeast { get; }
}
