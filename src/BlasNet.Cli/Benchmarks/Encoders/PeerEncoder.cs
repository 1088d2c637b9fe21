using System.Reflection;
using System.Runtime.Loader;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Cli.Benchmarks.Encoders;

/// <summary>The same encoder computed by another program, to be compared with. Its assembly is no part of the command, and is loaded if it is
/// there.</summary>
internal abstract class PeerEncoder : IDisposable
{
    /// <summary>Where the build puts a peer's assembly, below a folder of peers.</summary>
    private const string OnnxRuntimeAssembly = "BlasNet.Text.Benchmarks.dll";

    /// <summary>What it is called in results.</summary>
    public abstract string Name { get; }

    /// <summary>Vectors of length 1 of texts, which are padded to the longest of them.</summary>
    /// <param name="texts">Their tokens.</param>
    public abstract float[][] Embed(IReadOnlyList<int[]> texts);

    public abstract void Dispose();

    /// <summary>ONNX Runtime, from the repository that this program or the working directory is in.</summary>
    /// <param name="folder">A model's, with <c>model.onnx</c>.</param>
    /// <param name="threads">For each product.</param>
    /// <exception cref="CommandException">It has not been built, or the folder has no such model.</exception>
    public static PeerEncoder OnnxRuntime(string folder, int threads)
    {
        string model = Path.Combine(folder, "model.onnx");
        if (!File.Exists(model))
            throw new CommandException($"--against onnxruntime: {folder} has no model.onnx.");

        string assembly = Above(Directory.GetCurrentDirectory()).Concat(Above(AppContext.BaseDirectory))
            .Select(parent => Path.Combine(parent, "artifacts", "peers", "onnxruntime", OnnxRuntimeAssembly)).FirstOrDefault(File.Exists)
            ?? throw new CommandException(
                "--against onnxruntime: it is not there; 'dotnet cake --target=Peers' in a clone of BlasNet builds artifacts/peers/onnxruntime, 400 MB, "
                + "which is looked for in and above the working directory and the command's own.");
        Type type = new Peers(assembly).LoadFromAssemblyPath(assembly).GetTypes().Single(type => type.IsSubclassOf(typeof(PeerEncoder)));
        try
        {
            return (PeerEncoder)Activator.CreateInstance(type, model, threads)!;
        }
        catch (TargetInvocationException e)
        {
            throw new CommandException($"--against onnxruntime: {e.InnerException!.Message}");
        }
    }

    private static IEnumerable<string> Above(string folder)
    {
        for (DirectoryInfo? parent = new(folder); parent is not null; parent = parent.Parent)
            yield return parent.FullName;
    }

    // What the command has itself is the command's, so that a peer sees the same types.
    private sealed class Peers(string assembly) : AssemblyLoadContext("peers")
    {
        private readonly AssemblyDependencyResolver _resolver = new(assembly);

        protected override Assembly? Load(AssemblyName name) =>
            Default.Assemblies.Any(loaded => loaded.GetName().Name == name.Name) || File.Exists(Path.Combine(AppContext.BaseDirectory, $"{name.Name}.dll"))
                ? null
                : _resolver.ResolveAssemblyToPath(name) is { } path ? LoadFromAssemblyPath(path) : null;

        protected override nint LoadUnmanagedDll(string name) =>
            _resolver.ResolveUnmanagedDllToPath(name) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
    }
}
