namespace BlasNet.Cli.Scaling;

/// <summary>Steps over several numbers of ranks, compared with one rank.</summary>
internal sealed class ScalingPlan
{
    /// <summary>Twice the ranks must give at least half of twice the speed more.</summary>
    private const double LeastGain = 0.5;

    private const int MostExamples = 1 << 20;

    private readonly ScalingModel _model;
    private readonly StepPrediction _alone;

    /// <param name="model">Of the costs.</param>
    /// <param name="ranks">Numbers of ranks, ascending.</param>
    /// <param name="batch">The optimization batch.</param>
    public ScalingPlan(ScalingModel model, IEnumerable<int> ranks, int batch)
    {
        (_model, _alone) = (model, model.Predict(1, batch));
        Rows = [.. ranks.Select(count => model.Predict(count, batch))];
    }

    /// <summary>By number of ranks, ascending.</summary>
    public IReadOnlyList<StepPrediction> Rows { get; }

    /// <summary>The number of ranks with the shortest step.</summary>
    public int Fastest => Rows.MinBy(row => row.Seconds)!.Ranks;

    /// <summary>The last number of ranks of an unbroken sequence that pays: every rank beyond the number before adds at least half of the speed of one rank
    /// there.</summary>
    public int LastThatPays
    {
        get
        {
            int last = 0;
            while (last + 1 < Rows.Count && GainOf(Rows[last], Rows[last + 1]) >= LeastGain)
                last++;

            return Rows[last].Ranks;
        }
    }

    public double SpeedUpOf(StepPrediction row) => _alone.Seconds / row.Seconds;

    public double EfficiencyOf(StepPrediction row) => SpeedUpOf(row) / row.Ranks;

    /// <summary>The optimization batch that takes the least time to a given loss.</summary>
    /// <param name="ranks">That compute each step.</param>
    /// <param name="noiseScale">𝓑, in examples, greater than 0.</param>
    /// <returns>A power of 2 times the number of ranks, and how many times sooner than one rank with the plan's batch it gets there.</returns>
    /// <remarks>With B examples a step, (1 + 𝓑/B) times the fewest steps are needed. Source: McCandlish, Kaplan, Amodei, "An Empirical Model of Large-Batch
    /// Training", arXiv:1812.06162, eq. 2.11; the noise scale in the place of the critical batch.</remarks>
    public (int Batch, double SpeedUp) BestBatch(int ranks, double noiseScale)
    {
        double TimeOf(StepPrediction step) => (1 + noiseScale / step.Batch) * step.Seconds;
        StepPrediction? best = null;
        for (int batch = ranks; best is null || batch <= MostExamples; batch *= 2)
        {
            StepPrediction step = _model.Predict(ranks, batch);
            if (best is null || TimeOf(step) < TimeOf(best))
                best = step;
        }

        return (best.Batch, TimeOf(_alone) / TimeOf(best));
    }

    private static double GainOf(StepPrediction fewer, StepPrediction more) =>
        (fewer.Seconds / more.Seconds - 1) / ((double)more.Ranks / fewer.Ranks - 1);
}
