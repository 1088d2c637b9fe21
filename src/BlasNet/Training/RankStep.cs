namespace BlasNet.Training;

/// <summary>How a rank's part of a step ended.</summary>
internal enum RankOutcome
{
    Done,

    /// <summary>A value is infinite or NaN.</summary>
    NonFinite,

    /// <summary>Something else was thrown; it counts before a value that is not finite, as an error of a worker does.</summary>
    Failed,
}

/// <summary>What a rank says of its part of a step, before gradients are added.</summary>
/// <param name="Step">The optimizer step, from 1.</param>
/// <param name="Examples">Of the step.</param>
/// <param name="First">The first example of the rank's part.</param>
/// <param name="End">The first that is not in it any more.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="IsCancelled">Whether this rank was asked to stop.</param>
/// <param name="Sums">Of the part.</param>
/// <param name="Sizes">What the sizes of its passes have told; those of rank 0 count.</param>
/// <param name="FirstPass">|G|² of the step's first pass, where the noise scale asks for it; known on rank 0.</param>
/// <param name="FirstPassExamples">Examples of that pass.</param>
internal readonly record struct RankStep(
    long Step, int Examples, int First, int End, RankOutcome Outcome, bool IsCancelled, MicrobatchSums Sums, MicrobatchSizes Sizes,
    double FirstPass, int FirstPassExamples)
{
    /// <summary>The rank whose error all get; −1 where there is none.</summary>
    public static int Failed(ReadOnlySpan<RankStep> ranks)
    {
        int found = -1;
        for (int rank = ranks.Length - 1; rank >= 0; rank--)
        {
            if (ranks[rank].Outcome != RankOutcome.Done && (found < 0 || ranks[rank].Outcome >= ranks[found].Outcome))
                found = rank;
        }

        return found;
    }
}
