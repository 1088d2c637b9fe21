using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <content>Cross-entropy of columns of logits, and its gradient.</content>
internal abstract unsafe partial class Columns<T>
{
    /// <summary>losses[v] ← ln Σ exp(z_v) − z_v[label]: nothing overflows, and nothing small is lost beside something large.</summary>
    /// <param name="z">First vector of logits.</param>
    /// <param name="zStride">Elements from one vector to the next; 0 for one vector with all labels.</param>
    /// <param name="labels">Integers below <paramref name="length"/>.</param>
    /// <param name="labelStride">1, or 0 for one label with all vectors.</param>
    /// <param name="losses">One number for each vector.</param>
    /// <param name="length">Elements of a vector.</param>
    /// <param name="count">Number of vectors.</param>
    public abstract void CrossEntropy(T* z, nint zStride, T* labels, nint labelStride, T* losses, nint length, nint count);

    /// <summary>dz_v ← (softmax(z_v) − onehot(label))·gradients[v]; one pass over memory, because the losses are known.</summary>
    /// <param name="z">First vector of logits.</param>
    /// <param name="zStride">Elements from one vector to the next; 0 for one vector with all labels.</param>
    /// <param name="labels">Integers below <paramref name="length"/>.</param>
    /// <param name="labelStride">1, or 0 for one label with all vectors.</param>
    /// <param name="gradients">The losses' gradients.</param>
    /// <param name="gradientStride">1, or 0 for one gradient with all vectors.</param>
    /// <param name="losses">What <see cref="CrossEntropy"/> gave.</param>
    /// <param name="lossStride">1, or 0 for one loss with all vectors.</param>
    /// <param name="dz">First result.</param>
    /// <param name="dzStride">Elements from one result to the next.</param>
    /// <param name="length">Elements of a vector.</param>
    /// <param name="count">Number of vectors.</param>
    /// <remarks>
    /// softmax(z)_j = exp((z_j − z_label) − loss). The difference of the logits comes first, so that a common offset cancels. The loss is
    /// rounded to its own last place, which is the result's relative error; beyond a loss of 16 everything is computed anew.
    /// </remarks>
    public abstract void CrossEntropyGradient(
        T* z, nint zStride, T* labels, nint labelStride, T* gradients, nint gradientStride, T* losses, nint lossStride, T* dz, nint dzStride,
        nint length, nint count);
}

/// <inheritdoc/>
internal sealed unsafe partial class Columns<V, T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CrossEntropy(T* z, nint zStride, T* labels, nint labelStride, T* losses, nint length, nint count) => ComputeThreads.Divide(
        new CrossEntropyWork { Z = z, ZStride = zStride, Labels = labels, LabelStride = labelStride, Losses = losses, Length = length },
        count, length * NanosecondsPerPower);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void CrossEntropyGradient(
        T* z, nint zStride, T* labels, nint labelStride, T* gradients, nint gradientStride, T* losses, nint lossStride, T* dz, nint dzStride,
        nint length, nint count) =>
        ComputeThreads.Divide(
            new GradientWork
            {
                Z = z,
                ZStride = zStride,
                Labels = labels,
                LabelStride = labelStride,
                Gradients = gradients,
                GradientStride = gradientStride,
                Losses = losses,
                LossStride = lossStride,
                Result = dz,
                ResultStride = dzStride,
                Length = length,
            }, count, length * NanosecondsPerPower);

    /// <summary>y ← softmax(x)·factor where an element of x and its −ln softmax are known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SoftmaxFromLoss(T* x, T* y, nint length, T element, T loss, T factor)
    {
        if (!(loss < T.CreateTruncating(16)))
        {
            Softmax(x, y, length, factor);
            return;
        }

        V offset = V.Broadcast(&element), rest = V.Broadcast(&loss), scale = V.Broadcast(&factor);
        nint i = 0;

        for (; i <= length - V.Count; i += V.Count)
            (Power.Exp<V, T>(V.Load(x + i) - offset - rest) * scale).Store(y + i);

        if (i < length)
            (Power.Exp<V, T>(V.LoadFirst(x + i, length - i, double.CreateTruncating(element)) - offset - rest) * scale).StoreFirst(y + i, length - i);
    }

    private struct CrossEntropyWork : IRangeWork
    {
        public T* Z, Labels, Losses;
        public nint ZStride, LabelStride, Length;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run(nint start, nint end)
        {
            for (nint v = start; v < end; v++)
            {
                T* z = Z + (v * ZStride);
                Losses[v] = LogSumExp(z, Length, out T largest) + (largest - z[nint.CreateTruncating(Labels[v * LabelStride])]);
            }
        }
    }

    private struct GradientWork : IRangeWork
    {
        public T* Z, Labels, Gradients, Losses, Result;
        public nint ZStride, LabelStride, GradientStride, LossStride, ResultStride, Length;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run(nint start, nint end)
        {
            for (nint v = start; v < end; v++)
            {
                // Read first: with a single class the result may lie where the label or the gradient was.
                T* z = Z + (v * ZStride), dz = Result + (v * ResultStride);
                nint label = nint.CreateTruncating(Labels[v * LabelStride]);
                T gradient = Gradients[v * GradientStride];
                SoftmaxFromLoss(z, dz, Length, z[label], Losses[v * LossStride], gradient);
                dz[label] -= gradient;
            }
        }
    }
}
