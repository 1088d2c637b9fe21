using System.Globalization;

namespace BlasNet.Mpi;

/// <summary>What started this process as one of several, as its environment tells.</summary>
/// <param name="Name">As errors name it.</param>
/// <param name="Size">How many processes it started; null where it does not say.</param>
/// <param name="IsOpenMpi">Whether it is Open MPI's; null where it serves several libraries.</param>
internal sealed record MpiLauncher(string Name, int? Size, bool? IsOpenMpi)
{
    /// <param name="variable">The value of a variable of the environment; null where it is not set.</param>
    /// <returns>Null where the process was started alone.</returns>
    public static MpiLauncher? Find(Func<string, string?> variable)
    {
        if (variable("OMPI_COMM_WORLD_SIZE") is { } ofOpenMpi)
            return new MpiLauncher("mpiexec of Open MPI", Number(ofOpenMpi), IsOpenMpi: true);

        bool isSlurm = variable("SLURM_PROCID") is not null;
        if (variable("PMI_RANK") is not null)
            return new MpiLauncher(isSlurm ? "srun" : "mpiexec of MPICH", Number(variable("PMI_SIZE") ?? variable("SLURM_NTASKS")), IsOpenMpi: false);

        return variable("PMIX_RANK") is null ? null : new MpiLauncher(isSlurm ? "srun" : "a PMIx launcher", Number(variable("SLURM_NTASKS")), IsOpenMpi: null);
    }

    private static int? Number(string? text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
