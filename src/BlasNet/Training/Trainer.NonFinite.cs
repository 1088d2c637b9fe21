namespace BlasNet.Training;

/// <content>Finds where a number that is not finite comes from, by computing again, so that it costs ordinary steps nothing.</content>
public sealed partial class Trainer<TExample>
{
    // Computes the microbatch once more, example by example.
    private NonFiniteException FindNonFinite(MicrobatchRunner runner, int first, int count)
    {
        (double sum, string? anomaly) = (runner.Share.Sums.Loss, runner.Share.Anomaly);
        return FindExample(runner, first, count) ?? new NonFiniteException(StepCount + 1, example: null, NonFiniteException.OfLoss(sum), anomaly);
    }

    private NonFiniteException FindNonFinite(UpdateRefusal refusal)
    {
        if (!refusal.IsGradient)
            return new NonFiniteException(StepCount + 1, example: null, refusal.What, origin: null);

        return FindExample(_runners[0], 0, _examples.Count)
            ?? FindRegularizer()
            ?? new NonFiniteException(StepCount + 1, example: null, $"{refusal.What}, though that of each example alone is", origin: null);
    }

    private NonFiniteException? FindExample(MicrobatchRunner runner, int first, int count)
    {
        for (int example = first; example < first + count; example++)
        {
            Examination found = runner.Examine(_examples, example);
            if (!found.IsFinite || (DetectAnomalies && found.Origin is not null))
                return new NonFiniteException(StepCount + 1, example, WhatOf(found), found.Origin);
        }

        return null;
    }

    private NonFiniteException? FindRegularizer()
    {
        if (Regularizer is null)
            return null;

        Examination found = _accumulator.Examine(_penaltyGraph!, BuildPenalty(Regularizer));
        return found.IsFinite ? null : new NonFiniteException(StepCount + 1, example: null, WhatOf(found), $"the regulariser, {found.Origin}");
    }

    private static string WhatOf(Examination found) =>
        !double.IsFinite(found.Loss) ? NonFiniteException.OfLoss(found.Loss) : found.IsGradientFinite ? "a value is not finite" : "the gradient is not finite";
}
