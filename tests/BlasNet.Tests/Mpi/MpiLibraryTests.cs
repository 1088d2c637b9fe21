using BlasNet.Mpi;

namespace BlasNet.Tests.Mpi;

/// <summary>Which library is looked for, and what is said where there is none.</summary>
public sealed class MpiLibraryTests
{
    [Fact]
    public void A_process_started_alone_has_no_launcher() => Assert.Null(MpiLauncher.Find(_ => null));

    [Theory]
    [InlineData("OMPI_COMM_WORLD_SIZE=4", "mpiexec of Open MPI", 4)]
    [InlineData("PMI_RANK=1 PMI_SIZE=3", "mpiexec of MPICH", 3)]
    [InlineData("PMI_RANK=1 PMI_SIZE=3 SLURM_PROCID=1", "srun", 3)]
    [InlineData("PMIX_RANK=0 SLURM_PROCID=0 SLURM_NTASKS=8", "srun", 8)]
    [InlineData("PMIX_RANK=0", "a PMIx launcher", null)]
    [InlineData("OMPI_COMM_WORLD_SIZE=many", "mpiexec of Open MPI", null)]
    public void The_launcher_is_known_by_its_variables(string variables, string name, int? size)
    {
        MpiLauncher found = MpiLauncher.Find(Variables(variables))!;
        Assert.Equal((name, size), (found.Name, found.Size));
    }

    [Fact]
    public void A_library_that_cannot_be_loaded_is_named_with_the_variable()
    {
        MpiLibrary library = MpiLibrary.Find(Variables("BLASNET_MPI=/nowhere/libmpi.so"));
        Assert.Null(library.Interface);
        Assert.Equal("BLASNET_MPI=/nowhere/libmpi.so: no library of MPI can be loaded from there.", library.Problem);
    }

    [Fact]
    public void A_library_of_something_else_is_refused_by_what_it_lacks()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "libm.so.6 is Linux's");
        Assert.EndsWith(
            "libm.so.6 is not a library of MPI: it has no MPI_Init_thread.",
            MpiLibrary.Find(Variables("BLASNET_MPI=libm.so.6")).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_mpiexec_there_is_no_world()
    {
        Assert.SkipWhen(BlasNet.Mpi.Mpi.IsLaunched, "mpiexec started the tests");
        Assert.Contains("mpiexec -n 4 PROGRAM", Assert.Throws<MpiException>(() => BlasNet.Mpi.Mpi.World).Message, StringComparison.Ordinal);
    }

    private static Func<string, string?> Variables(string text)
    {
        var values = text.Split(' ').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return values.GetValueOrDefault;
    }
}
