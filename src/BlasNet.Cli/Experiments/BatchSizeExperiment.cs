using BlasNet.Training;

namespace BlasNet.Cli.Experiments;

/// <summary>What is compared.</summary>
/// <param name="Batches">Optimization batches, ascending.</param>
/// <param name="ComputeBatches">Compute batches; of one optimization batch those that it is at least as large as.</param>
/// <param name="Target">The loss to reach.</param>
/// <param name="Epochs">Given up after so many.</param>
/// <param name="Seed">Of parameters and order.</param>
/// <param name="Compute">How steps are computed.</param>
internal sealed record BatchSizeGrid(
    IReadOnlyList<int> Batches, IReadOnlyList<int> ComputeBatches, double Target, int Epochs, int Seed, ComputeOptions Compute);

/// <summary>One compute batch.</summary>
/// <param name="ComputeBatch">Examples of a pass.</param>
/// <param name="Path">The training.</param>
/// <param name="Difference">The relative difference of its steps from those of the largest compute batch.</param>
internal sealed record BatchSizeCell(int ComputeBatch, TrainingPath Path, double Difference);

/// <summary>One optimization batch.</summary>
/// <param name="Batch">Examples of a step.</param>
/// <param name="Rate">The learning rate that reaches the target in the fewest steps, of powers of 2 times the first.</param>
/// <param name="Cells">By compute batch, descending.</param>
internal sealed record BatchSizeRow(int Batch, double Rate, IReadOnlyList<BatchSizeCell> Cells)
{
    public double Steps => Cells[0].Path.Steps;

    public double Examples => Steps * Batch;
}

/// <summary>Steps, examples and seconds to a target loss, over optimization batch × compute batch.</summary>
/// <param name="subject">What is trained.</param>
/// <param name="grid">What is compared.</param>
/// <param name="newOptimizer">From a learning rate.</param>
internal sealed class BatchSizeExperiment(ExperimentSubject subject, BatchSizeGrid grid, Func<double, Optimizer> newOptimizer)
{
    /// <summary>Row after row, as they are done.</summary>
    /// <param name="progress">Receives what is being trained.</param>
    /// <param name="cancellation">Checked at every step.</param>
    public IEnumerable<BatchSizeRow> Run(Action<string> progress, CancellationToken cancellation)
    {
        double rate = subject.Rate;
        Train(grid.Batches[0], grid.Batches[0], rate, steps: 20, cancellation);   // warms up
        for (int i = 0; i < grid.Batches.Count; i++)
        {
            int batch = grid.Batches[i];
            if (i > 0)   // the larger batch takes a larger step, at most in proportion
                rate *= Math.Pow(2, Math.Round(Math.Log2(Math.Sqrt(batch / (double)grid.Batches[i - 1]))));

            rate = FindRate(batch, rate, progress, cancellation);
            List<BatchSizeCell> cells = [];
            foreach (int computeBatch in grid.ComputeBatches.Append(batch).Where(size => size <= batch).Distinct().OrderDescending())
            {
                progress($"batch {batch}, in passes of {computeBatch}");
                TrainingPath path = Train(batch, computeBatch, rate, MaximumSteps(batch), cancellation);
                cells.Add(new BatchSizeCell(computeBatch, path, cells.Count == 0 ? 0 : path.DifferenceFrom(cells[0].Path)));
            }

            yield return new BatchSizeRow(batch, rate, cells);
        }
    }

    /// <summary>The noise scale of the gradient on the way to the target, and the batch with which it was measured.</summary>
    public (int Batch, double Scale) MeasureNoise(IReadOnlyList<BatchSizeRow> rows, CancellationToken cancellation)
    {
        BatchSizeRow row = rows[rows.Count / 2];
        var noise = new GradientNoiseScale(decay: 0.98);
        Train(row.Batch, row.Batch, row.Rate, MaximumSteps(row.Batch), cancellation, noise);
        return (row.Batch, noise.Value);
    }

    // Uphill from where the last batch ended, by factors of 2; a rate is given up as soon as it is not clearly better than the best: near the largest that
    // works, training amplifies rounding.
    private double FindRate(int batch, double start, Action<string> progress, CancellationToken cancellation)
    {
        const int MostFactors = 5;      // where not even the target is reached
        const double Clearly = 0.95;
        var (best, fewest) = (start, Steps(start, MaximumSteps(batch)));
        foreach (double factor in (double[])[2, 0.5])
        {
            double rate = start;
            for (int i = 0; i < MostFactors || double.IsFinite(fewest); i++)
            {
                rate *= factor;
                double steps = Steps(rate, double.IsFinite(fewest) ? (long)Math.Ceiling(Clearly * fewest) : MaximumSteps(batch));
                if (steps < Clearly * fewest)
                    (best, fewest) = (rate, steps);
                else if (double.IsFinite(fewest))
                    break;
            }

            if (best > start)
                break;
        }

        return best;

        double Steps(double rate, long maximum)
        {
            progress(FormattableString.Invariant($"batch {batch}, learning rate {rate:G3}"));
            return Train(batch, batch, rate, maximum, cancellation).Steps;
        }
    }

    private long MaximumSteps(int batch) => Math.Max(1, (long)grid.Epochs * subject.TrainExamples / batch);

    private TrainingPath Train(int batch, int computeBatch, double rate, long steps, CancellationToken cancellation, GradientNoiseScale? noise = null) =>
        subject.Train(
            new PathSettings
            {
                Batch = batch,
                ComputeBatch = computeBatch,
                Optimizer = newOptimizer(rate),
                Target = grid.Target,
                MaximumSteps = steps,
                Seed = grid.Seed,
                Noise = noise,
                Compute = grid.Compute,
            },
            cancellation);
}
