using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Training;
using BlasNet.Text;
using BlasNet.Training;

namespace BlasNet.Cli.Output;

/// <summary>The file or folder of <c>--save</c>.</summary>
internal static class SaveFile
{
    /// <summary>Better before the training than after it.</summary>
    /// <exception cref="CommandException">The file cannot be written.</exception>
    public static void RequireWritable(string? file, bool isFolder = false)
    {
        if (file is null)
            return;

        if (isFolder)
        {
            Write(() => TextModelFolder.RequireReplaceable(file));
            return;
        }

        if (Directory.Exists(file))
            throw new CommandException($"--save {file}: is a directory; a file is expected.");

        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } directory && !Directory.Exists(directory))
            throw new CommandException($"--save {file}: there is no such directory.");

        Write(() => new AtomicFile(file).Dispose());
    }

    /// <exception cref="CommandException">The file cannot be written.</exception>
    public static void Save(TrainingRun run, string? file)
    {
        if (file is not null)
            Write(() => run.Save(file));
    }

    // The messages begin with the file's name.
    private static void Write(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"--save {e.Message}");
        }
    }
}
