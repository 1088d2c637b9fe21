using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Memory;
using BlasNet.Passes;

namespace BlasNet.Training;

/// <summary>The objective (1/Σw)·Σ w·ℓ + J of any number of examples, over any number of passes, and its gradient; then one update.</summary>
/// <remarks>Every pass adds to the sums of losses, weights and gradients. The regulariser J, times Σw, comes once, after the last pass, and the
/// division by Σw once, at the end. So the result does not depend, but for rounding, on how the examples were split into passes.</remarks>
internal abstract class GradientAccumulator : IDisposable
{
    public static GradientAccumulator Create(Model model, EngineOptions options) =>
        model.Precision == Precision.Single ? new GradientAccumulator<float>(model, options) : new GradientAccumulator<double>(model, options);

    /// <summary>Sum of the losses, each times its weight, since <see cref="Begin"/>.</summary>
    public double LossSum { get; protected set; }

    /// <summary>Sum of the examples' weights since <see cref="Begin"/>.</summary>
    public double WeightSum { get; protected set; }

    /// <summary>The regulariser's value, once it has been added.</summary>
    public double Penalty { get; protected set; }

    /// <summary>Number of passes since <see cref="Begin"/>.</summary>
    public int Passes { get; protected set; }

    /// <summary>Examples of the largest pass since <see cref="Begin"/>.</summary>
    public int LargestPass { get; protected set; }

    /// <summary>Euclidean norm of the objective's gradient at the last update, before clipping; not a number where nothing asked for it.</summary>
    public double GradientNorm { get; protected set; }

    /// <summary>Number of examples since <see cref="Begin"/>.</summary>
    public int Examples { get; protected set; }

    public abstract PhaseTimes Times { get; }

    /// <summary>The plan of the last pass.</summary>
    public abstract Plan Plan { get; }

    /// <summary>Time by operator; null while nobody asks.</summary>
    public abstract Profile? Profile { get; set; }

    /// <summary>Sum of |w g|² over the examples since <see cref="Begin"/>, as far as it was asked for; of what is left of them where they are clipped.</summary>
    public double SquaredNormSum { get; protected set; }

    /// <summary>Starts a new optimizer step.</summary>
    public virtual void Begin() => (LossSum, WeightSum, Penalty, Examples, Passes, LargestPass, SquaredNormSum) = (0, 0, 0, 0, 0, 0, 0);

    /// <summary>Makes or finds the plan of a pass; nothing is computed yet, and another pass may be prepared instead.</summary>
    /// <param name="graph">The pass's minibatch graph.</param>
    /// <param name="losses">One scalar for each example of it, times its weight.</param>
    /// <param name="byExample">Asks for norms or clipping of the examples' gradients.</param>
    public abstract void Prepare(Graph graph, ReadOnlySpan<Expr> losses, ByExample? byExample = null);

    /// <summary>What the pass that was prepared takes.</summary>
    public abstract PassMemory Memory { get; }

    /// <summary>Bytes that passes hold now: values, packed weights, the kernels' scratch memory.</summary>
    public abstract long HeldBytes { get; }

    /// <summary>Computes the pass that was prepared.</summary>
    /// <param name="examples">How many it has.</param>
    /// <param name="weight">The sum of their weights.</param>
    public abstract void Add(int examples, double weight);

    /// <summary>Makes what another thread needs for a part of the steps.</summary>
    public abstract GradientShare NewShare();

    /// <summary>Adds the losses of another thread's part of the step; its gradient comes with <see cref="MergeShares"/>.</summary>
    /// <param name="share">The part.</param>
    /// <param name="examples">How many it has.</param>
    /// <param name="weight">The sum of their weights.</param>
    public abstract void Add(GradientShare share, int examples, double weight);

    /// <summary>Adds the gradients of all parts, in their order.</summary>
    public abstract void MergeShares(ParallelParts parallel);

    /// <summary>While several threads compute at once, which kernels they choose must not depend on which of them came first.</summary>
    public abstract void HoldForecasts(bool hold);

    /// <summary>|Σ w g|², of all examples since <see cref="Begin"/>.</summary>
    public abstract double SquaredNorm();

    /// <summary>Adds the regulariser, after the last pass and once.</summary>
    /// <param name="graph">A graph of its own.</param>
    /// <param name="penalty">J, a scalar in it.</param>
    /// <param name="memoryBudget">What this pass may take, as any other; 0 for no limit.</param>
    /// <exception cref="InvalidOperationException">It takes more.</exception>
    public abstract void AddPenalty(Graph graph, Expr penalty, long memoryBudget);

    /// <summary>Updates the parameters by the objective's gradient.</summary>
    /// <param name="optimizer">The rule.</param>
    /// <param name="step">The number of this step, from 1.</param>
    public abstract void Update(Optimizer optimizer, long step);

    /// <summary>Whether every value that is computed must be finite.</summary>
    public abstract bool DetectAnomalies { get; set; }

    /// <summary>The node of the last pass that broke this rule first, as it is printed; null where none did.</summary>
    public abstract string? Anomaly { get; }

    /// <summary>Computes one example node by node, as its user wrote it. The sums are worth nothing afterwards.</summary>
    /// <param name="graph">Of this example alone.</param>
    /// <param name="loss">A scalar.</param>
    /// <returns>The loss, and where the first value that is not finite comes from: a node, a parameter or an input, as it is printed.</returns>
    public abstract (double Loss, string? Origin) Examine(Graph graph, Expr loss);

    /// <summary>How many numbers the optimizer has kept so far for each parameter; 0 before its first step.</summary>
    public abstract int StateBuffers { get; }

    /// <summary>Appends the optimizer's state: for each of its buffers, the values of every parameter.</summary>
    public abstract void AppendState(SafetensorsWriter writer);

    /// <summary>Replaces the optimizer's state, once all of it has been read.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="entries">Its tensors, in the order of <see cref="AppendState"/>; none for the state before the first step.</param>
    public abstract void ReadState(SafetensorsReader reader, IReadOnlyList<SafetensorsEntry> entries);

    /// <exception cref="ArithmeticException">A parameter, or the optimizer's state, is infinite or not a number.</exception>
    public abstract void RequireFinite();

    /// <summary>Exchanges the parameters for their average over the steps so far.</summary>
    /// <returns>What puts them back.</returns>
    public abstract IDisposable UseAverage(Optimizer optimizer, long step);

    /// <summary>The objective's gradient with respect to a parameter, column by column.</summary>
    public abstract double[] MeanGradientOf(Parameter parameter);

    /// <summary>The ranges of the flat buffers that the step's gradient touches, in ascending order; all else is zero. Valid until the next call.</summary>
    public abstract ReadOnlySpan<Segment> Touched();

    public abstract void Dispose();
}
