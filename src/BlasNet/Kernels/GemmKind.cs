namespace BlasNet.Kernels;

/// <summary>What a product is for, as far as it decides which kernel is faster.</summary>
internal enum GemmKind
{
    /// <summary>Y = X·B with B packed before.</summary>
    Forward,

    /// <summary>Y = X·B with B as it lies.</summary>
    ForwardOnce,

    /// <summary>dX = dY·Bᵀ with Bᵀ packed before.</summary>
    Transposed,

    /// <summary>dX = dY·Bᵀ with B as it lies.</summary>
    TransposedOnce,

    /// <summary>dB = Xᵀ·dY.</summary>
    OuterProductSum,
}
