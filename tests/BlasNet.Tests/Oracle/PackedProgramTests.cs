using BlasNet.Tests.Kernels;

namespace BlasNet.Tests.Oracle;

/// <summary>Random programs in which every product takes the packed kernels, and so the forms of parameters that are kept until the values change.</summary>
[Collection(GemmSettings.Name)]
public sealed class PackedProgramTests : IDisposable
{
    private const int First = 500_000, Count = 300;

    private readonly UsingMode _mode = new(GemmKernels.Packed);

    [Fact]
    public void Random_programs_give_what_the_definitions_give_with_packed_weights()
    {
        for (int seed = First; seed < First + Count; seed++)
            Assert.Null(ProgramCheck.Report(seed, new Tally()));
    }

    public void Dispose() => _mode.Dispose();
}
