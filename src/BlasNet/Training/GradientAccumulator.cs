using BlasNet.Graphs;
using BlasNet.Memory;
using BlasNet.Ranks;

namespace BlasNet.Training;

/// <summary>What one example came to.</summary>
/// <param name="Loss">Its loss.</param>
/// <param name="IsGradientFinite">Whether all of its gradient is.</param>
/// <param name="Origin">Where the first value that is not finite comes from: a node, a parameter or an input, as it is printed; null if there is none.</param>
internal readonly record struct Examination(double Loss, bool IsGradientFinite, string? Origin)
{
    public bool IsFinite => IsGradientFinite && double.IsFinite(Loss);
}

/// <summary>The objective (1/Σw)·Σ w·ℓ + J of any number of examples, over any number of passes, and its gradient; then one update.</summary>
/// <remarks>Every pass adds to the sums of losses, weights and gradients. The regulariser J, times Σw, comes once, after the last pass, and the
/// division by Σw once, at the end. So the result does not depend, but for rounding, on how the examples were split into passes.</remarks>
internal abstract class GradientAccumulator : IDisposable
{
    public static GradientAccumulator Create(Model model, ComputeOptions options) =>
        model.Precision == Precision.Single ? new GradientAccumulator<float>(model, options) : new GradientAccumulator<double>(model, options);

    /// <summary>The calling thread's passes, and its gradient, to which those of other threads are added.</summary>
    public abstract WorkerGradient First { get; }

    /// <summary>Of all examples since <see cref="Begin"/>.</summary>
    public MicrobatchSums Sums => First.Sums;

    /// <summary>The regulariser's value, once it has been added.</summary>
    public double Penalty { get; protected set; }

    /// <summary>Euclidean norm of the objective's gradient at the last update, before clipping; NaN where nothing asked for it.</summary>
    public double GradientNorm { get; protected set; }

    /// <summary>Bytes that passes hold now: values, packed weights, the kernels' scratch memory.</summary>
    public abstract long HeldBytes { get; }

    /// <summary>Starts a new optimizer step.</summary>
    public abstract void Begin();

    /// <summary>Says how each parameter is trained from here on. Those that are frozen lose the optimizer's state, but for the average.</summary>
    /// <param name="groups">The groups.</param>
    /// <param name="optimizer">Whose state it is.</param>
    /// <param name="workers">The other threads' gradients made so far.</param>
    public abstract void Train(UpdateGroups groups, Optimizer optimizer, IEnumerable<WorkerGradient> workers);

    /// <summary>Makes what another thread needs for a part of the steps.</summary>
    public abstract WorkerGradient NewWorker();

    /// <summary>Takes another thread's part of the step; its gradient comes with <see cref="MergeWorkers"/>.</summary>
    public abstract void Add(WorkerGradient share);

    /// <summary>Adds the gradients of all parts, in their order.</summary>
    public abstract void MergeWorkers();

    /// <summary>Notes how often weights have been used, before this rank computes its part of a step.</summary>
    public abstract void BeginRanks();

    /// <summary>Gives all ranks what each says of its part of a step, and counts the uses of weights of all of them.</summary>
    /// <param name="ranks">All of them.</param>
    /// <param name="mine">What this rank says.</param>
    /// <returns>By rank; valid until the next call.</returns>
    public abstract ReadOnlySpan<RankStep> GatherRanks(Communicator ranks, RankStep mine);

    /// <summary>Adds sums and gradients of all ranks, in their order, after <see cref="GatherRanks"/>.</summary>
    public abstract void MergeRanks(Communicator ranks);

    /// <summary>What this process would send to other ranks after its last step.</summary>
    public abstract RankTraffic Traffic { get; }

    /// <summary>Gives all ranks the parameters and the optimizer's state of rank 0.</summary>
    public abstract void Broadcast(Communicator ranks);

    /// <summary>A checksum of the parameters' values.</summary>
    public abstract string ParametersDigest { get; }

    /// <summary>Lets all ranks choose kernels by the rates that rank 0 has measured.</summary>
    public abstract void ShareRates(Communicator ranks);

    /// <summary>While several threads compute at once, which kernels they choose must not depend on which of them came first.</summary>
    public abstract void HoldForecasts(bool hold);

    /// <summary>Adds the regulariser, after the last pass and once.</summary>
    /// <param name="graph">A graph of its own.</param>
    /// <param name="penalty">J, a scalar in it.</param>
    /// <param name="memoryBudget">What this pass may take, as any other; 0 for no limit.</param>
    /// <param name="workers">How many threads hold memory of their own.</param>
    /// <exception cref="InvalidOperationException">It takes more.</exception>
    public abstract void AddPenalty(Graph graph, Expr penalty, long memoryBudget, int workers);

    /// <summary>Updates the parameters by the objective's gradient.</summary>
    /// <param name="optimizer">The rule.</param>
    /// <param name="step">The number of this step, from 1.</param>
    /// <returns>Null if it is done. Otherwise the gradient, its norm where it is asked for, or what the step would make is not finite, and no
    /// parameter and no state has changed.</returns>
    public abstract UpdateRefusal? Update(Optimizer optimizer, long step);

    /// <summary>Computes one example node by node, as its user wrote it. Afterwards the sums mean nothing.</summary>
    /// <param name="graph">Of this example alone.</param>
    /// <param name="loss">A scalar.</param>
    public abstract Examination Examine(Graph graph, Expr loss);

    /// <summary>How many numbers the optimizer has kept so far for each parameter; 0 before its first step.</summary>
    public abstract int StateBuffers { get; }

    /// <summary>Whether there is state in a buffer for a parameter: not for a frozen one, but in the last buffer of an optimizer that averages.</summary>
    public abstract bool HasState(Optimizer optimizer, int buffer, Parameter parameter);

    /// <summary>Appends a parameter's part of a buffer of the optimizer's state.</summary>
    public abstract void AppendState(SafetensorsWriter writer, int buffer, Parameter parameter);

    /// <summary>Replaces the optimizer's state, once all of it has been read.</summary>
    /// <param name="reader">The file.</param>
    /// <param name="buffers">How many there are; 0 for the state before the first step.</param>
    /// <param name="tensors">Parameters' parts of them; the others are 0.</param>
    public abstract void ReadState(SafetensorsReader reader, int buffers, IEnumerable<(SafetensorsEntry Entry, int Buffer, Parameter Parameter)> tensors);

    /// <summary>Exchanges the parameters for their average over the steps so far.</summary>
    /// <returns>What puts them back.</returns>
    public abstract IDisposable UseAverage(Optimizer optimizer, long step);

    /// <summary>The objective and its gradient.</summary>
    public abstract ModelGradient MeanGradient();

    /// <summary>The ranges of the flat buffers that the step's gradient touches, in ascending order; all else is zero. Valid until the next call.</summary>
    public abstract ReadOnlySpan<Segment> Touched();

    public abstract void Dispose();
}
