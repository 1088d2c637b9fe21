using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Tests.Kernels;

public sealed unsafe class GemmTests
{
    [Fact]
    public void A_small_product_is_what_the_definition_says()
    {
        float* x = stackalloc float[] { 1, 2, 3, 4, 5, 6 };
        float* b = stackalloc float[] { 1, 0, 2, 1, 0, 3 };
        float* y = stackalloc float[4];

        Gemm.Multiply(new Matrix<float>(x, 2, 3), new Matrix<float>(b, 3, 2), new Matrix<float>(y, 2, 2));

        Assert.Equal([5, 11, 14, 23], new Span<float>(y, 4).ToArray());
    }
}
