using System.Globalization;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Training;

/// <content>What a checkpoint keeps of a trainer, and what it compares.</content>
public sealed partial class Trainer<TExample>
{
    GradientAccumulator ITrainerState.Accumulator => _accumulator;

    Exclusive ITrainerState.Use => _use;

    UpdateGroups ITrainerState.Groups => _updateGroups;

    TrainerPosition ITrainerState.Position
    {
        get => new(StepCount, EpochCount, _epochDone, _epochSize, _epochLossSum, _epochWeight, _runners[0].Sizes, NoiseScale?.Sums, _epochWindow);
        set
        {
            (_steps, EpochCount, _epochDone, _epochSize, _epochWindow, _epochLossSum, _epochWeight) =
                (value.Step, value.Epoch, value.EpochDone, value.EpochSize, value.EpochWindow, value.EpochLossSum, value.EpochWeight);
            _runners[0].Restart(value.PassSizes);
            if (NoiseScale is not null)
                NoiseScale.Sums = value.Noise ?? default;
        }
    }

    IReadOnlyDictionary<string, string> ITrainerState.Settings => Texts(
    [
        .. Optimizer.Settings,
        ("optimization batch", OptimizationBatch),
        ("parameter groups", _updateGroups.Text),
        ("weights of examples", Weight is null ? null : "given"),
        ("clip norm of an example", double.IsFinite(ClipExampleNorm) ? ClipExampleNorm : null),
        ("regulariser", RegularizerText()),
    ]);

    IReadOnlyDictionary<string, string> ITrainerState.Rounding => Texts(
    [
        ("compute batch", ComputeBatch * RankCount),
        ("memory budget", MemoryBudget * RankCount),
        ("workers", Ranks is null ? Workers : Workers == 1 ? RankCount : $"{Workers} on each of {RankCount} ranks"),
        ("noise scale", NoiseScale),
        ("kernels", KernelsText()),
    ]);

    private static Dictionary<string, string> Texts(IEnumerable<(string Name, object? Value)> settings) => settings.ToDictionary(
        setting => setting.Name, setting => Convert.ToString(setting.Value, CultureInfo.InvariantCulture) is { Length: > 0 } text ? text : "none");

    private string KernelsText()
    {
        using ComputeSettings.Scope settings = Options.Settings.Use();
        return Model.Precision == Precision.Single ? Gemm.Describe<float>() : Gemm.Describe<double>();
    }

    // The expression itself: two of them are the same if they read the same.
    private string? RegularizerText()
    {
        if (Regularizer is null)
            return null;

        Graph graph = Model.NewGraph();
        using (graph.Build())
            Regularizer(graph);

        return graph.ToText().TrimEnd('\n').Replace("\n", "; ", StringComparison.Ordinal);
    }
}
