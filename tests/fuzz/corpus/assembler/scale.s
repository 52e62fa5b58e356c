.program version=1.0 features=0x0 sbuf=4096 psum=0
.entry first_stream=0 streams=2 variables=4 scalars=0

.stream vector
     0:	tensor_tensor out=sbuf/fp32/p0+1@512[64:1] in0=sbuf/fp32/p0+1@0[64:1] in1=sbuf/fp32/p0+1@256[64:1] op0=multiply compute=fp32 wait0=s0>=2 signal=s1+1
     1:	end

.stream dma0
     0:	dma_copy destination=sbuf/fp32/p0+1@0[64:1] source=memory/fp32/v0@0[64:1] signal=s0+1
     1:	dma_copy destination=sbuf/fp32/p0+1@256[64:1] source=memory/fp32/v1@0[64:1] signal=s0+1
     2:	dma_copy destination=memory/fp32/v3@0[64:1] source=sbuf/fp32/p0+1@512[64:1] wait0=s1>=1
     3:	end
